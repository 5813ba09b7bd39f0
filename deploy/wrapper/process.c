/* What the wrapper changes of its own process, and gives back before sendmail starts. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "wrapper.h"

#define FIRST_OTHER_DESCRIPTOR 3
#define ONLY_THE_OWNER 077

static struct {
    sigset_t blocked;
    struct sigaction pipe;
    struct sigaction child;
    struct sigaction file_size;
    mode_t umask;
} inherited;

/* A file of ours must not become descriptor 0, 1 or 2; a closed standard input is an empty one, as for sendmail. */
static void open_standard_descriptors(void)
{
    for (int descriptor = 0; descriptor < FIRST_OTHER_DESCRIPTOR; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) != descriptor)
            give_up(EX_OSERR, "descriptor %d is closed and /dev/null cannot be opened", descriptor);
}

/* The caller's limit would end sendmail in the middle of its queue file too: it gets what we get. */
static void lift_file_size_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

void prepare_process(void)
{
    open_standard_descriptors();
    /* With the caller's own end of our input among them, the message would never end. */
    closefrom(FIRST_OTHER_DESCRIPTOR);
    inherited.umask = umask(ONLY_THE_OWNER);
    sigprocmask(SIG_BLOCK, NULL, &inherited.blocked);
    /* A warning to a closed standard error must not end us with a message in hand. */
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &inherited.pipe);
    /* A caller that ignores SIGCHLD would hide how sendmail ended. */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &inherited.child);
    lift_file_size_limit();
    /* What is left of the limit is an error of write(2), not our death. */
    sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, &inherited.file_size);
}

/*
 * The message is read to its end: now it is ours to hand over. sendmail 8.17 throws a submission away at any of these
 * signals, and exits 0. It never unblocks them: with them blocked it finishes, or leaves the message in its spool.
 */
void hold_signals(void)
{
    sigaddset(&inherited.blocked, SIGTERM);
    sigaddset(&inherited.blocked, SIGINT);
    sigaddset(&inherited.blocked, SIGHUP);
    sigprocmask(SIG_SETMASK, &inherited.blocked, NULL);
}

void restore_process(void)
{
    umask(inherited.umask);
    sigaction(SIGPIPE, &inherited.pipe, NULL);
    sigaction(SIGCHLD, &inherited.child, NULL);
    sigaction(SIGXFSZ, &inherited.file_size, NULL);
    sigprocmask(SIG_SETMASK, &inherited.blocked, NULL);
}

/*
 * root must never run a configuration that another user can write, and queue files that root owns are skipped for ever
 * by the owner's queue runs.
 */
void become_owner(void)
{
    if (geteuid() != 0 && getuid() != 0)
        return;
    errno = 0;
    const struct passwd *owner = getpwnam(OWNER_NAME);
    if (owner == NULL)
        give_up(EX_OSERR, "started by root, and there is no user %s to become: %s", OWNER_NAME,
                errno != 0 ? strerror(errno) : "create it, or build the wrapper for another owner");
    if (owner->pw_uid == 0)
        give_up(EX_OSERR, "started by root, and the spool's owner %s is root too", OWNER_NAME);
    if (initgroups(OWNER_NAME, owner->pw_gid) != 0 || setgid(owner->pw_gid) != 0 || setuid(owner->pw_uid) != 0)
        give_up(EX_OSERR, "started by root, and cannot become %s: %s", OWNER_NAME, strerror(errno));
}
