/* Which configuration sendmail gets: the live release's, else the last one that was confirmed, else the first. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "wrapper.h"

#define RELEASES "releases/"
#define LIVE_LINK "current"
#define CONFIRMED_LINK "last-good"
#define CONFIGURATION "sympa.cf"

/* Where the link points, read once. Anything but releases/NAME is no link of ours. Returns NULL, or what is wrong. */
static const char *read_link(const char *link, char *name)
{
    char target[sizeof RELEASES + NAME_MAX];
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", ROUTING_DIR, link);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0)
        return strerror(errno);
    target[length] = '\0';
    const char *found = target + strlen(RELEASES);
    if (strncmp(target, RELEASES, strlen(RELEASES)) != 0 || *found == '\0' || *found == '.' || strchr(found, '/'))
        return "it does not point to " RELEASES "DIGEST";
    snprintf(name, NAME_MAX + 1, "%s", found);
    return NULL;
}

static const char *check_configuration(int directory)
{
    struct stat status;
    int file = openat(directory, CONFIGURATION, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0 || fstat(file, &status) < 0)
        return strerror(errno);
    close(file);
    return S_ISREG(status.st_mode) && status.st_size > 0 ? NULL : "its " CONFIGURATION " is empty or no file";
}

/*
 * The shared lock tells whoever removes old releases that this one is in use. It is taken before the look at the
 * files: a release that was removed in between has none. A missing lock is no reason to hold back a message.
 */
static const char *open_release(struct release *release, const char *link)
{
    char path[PATH_MAX];
    const char *problem = read_link(link, release->name);

    if (problem != NULL)
        return problem;
    snprintf(path, sizeof path, "%s/%s%s", ROUTING_DIR, RELEASES, release->name);
    release->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (release->lock < 0)
        return strerror(errno);
    if (flock(release->lock, LOCK_SH | LOCK_NB) < 0)
        report(LOG_WARNING, "release %s cannot be locked against removal: %s", release->name, strerror(errno));
    problem = check_configuration(release->lock);
    if (problem != NULL) {
        close(release->lock);
        release->lock = -1;
        return problem;
    }
    snprintf(release->configuration, sizeof release->configuration, "%s/%s%s/%s", ROUTING_DIR, RELEASES, release->name,
             CONFIGURATION);
    return NULL;
}

static void take_baked(struct release *release)
{
    release->lock = -1;
    snprintf(release->name, sizeof release->name, "%s", BAKED_RELEASE);
    snprintf(release->configuration, sizeof release->configuration, "%s", BAKED_CF);
}

void choose_release(struct release *release)
{
    const char *problem = open_release(release, LIVE_LINK);

    if (problem == NULL)
        return;
    report(LOG_ERR, "%s/%s cannot be used (%s): taking %s", ROUTING_DIR, LIVE_LINK, problem, CONFIRMED_LINK);
    problem = open_release(release, CONFIRMED_LINK);
    if (problem == NULL)
        return;
    report(LOG_CRIT, "%s/%s cannot be used either (%s): taking %s", ROUTING_DIR, CONFIRMED_LINK, problem, BAKED_CF);
    take_baked(release);
}
