/* sendmail: in our place for a mode of its own, as a child for a submission. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "wrapper.h"

#define OWN_WORDS 4 /* at most: the program's name, -C, the configuration, NO_DEAD_LETTER */

/*
 * With too few free blocks in its spool sendmail 8.17 takes no message, cannot send a notice either, appends the message
 * to the configuration's dead letter file, and exits 0. Without that file it exits 74, and the message is kept.
 */
#define NO_DEAD_LETTER "-ODeadLetterDrop="

/* For a submission this runs in the child, where giving up is only what the parent will keep the message for. */
void exec_sendmail(const struct command *command, const struct release *release)
{
    char **words = calloc((size_t)command->count + OWN_WORDS + 1, sizeof *words);
    int count = 0;

    if (words == NULL)
        give_up(EX_OSERR, "no memory to start %s", SENDMAIL_PATH);
    words[count++] = (char *)SENDMAIL_PATH;
    words[count++] = (char *)"-C";
    words[count++] = (char *)release->configuration;
    if (command->submission)
        words[count++] = (char *)NO_DEAD_LETTER;
    memcpy(words + count, command->arguments, (size_t)command->count * sizeof *words);
    restore_process();
    execv(SENDMAIL_PATH, words);
    give_up(EX_OSFILE, "cannot start %s: %s", SENDMAIL_PATH, strerror(errno));
}

static void start_sendmail(const struct command *command, const struct release *release, int message)
{
    if (dup2(message, STDIN_FILENO) < 0)
        give_up(EX_OSERR, "cannot give the message to %s: %s", SENDMAIL_PATH, strerror(errno));
    exec_sendmail(command, release);
}

/* How it ended, as wait(2) says it. */
static int wait_for(pid_t child)
{
    int wait_status = W_EXITCODE(EX_OSERR, 0);

    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR)
        continue;
    return wait_status;
}

int run_sendmail(const struct command *command, const struct release *release, int message)
{
    pid_t child = fork();

    if (child == 0)
        start_sendmail(command, release, message);
    if (child < 0) {
        report(LOG_ERR, "cannot start %s: %s", SENDMAIL_PATH, strerror(errno));
        return W_EXITCODE(EX_OSERR, 0);
    }
    return wait_for(child);
}
