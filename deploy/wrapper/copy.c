/*
 * The message and its copy. In the kept area a message is a directory ID (time and process, so that names sort by
 * age) with the files
 *
 *   message     as it came from the caller; whoever handles it holds an exclusive flock(2) on this file
 *   arguments   the caller's arguments without -C, each followed by a NUL
 *   outcome     how sendmail ended, in lines of "word value"; missing when the wrapper itself was killed
 *
 * made as .ID.partial and renamed when it is on the disk. A message that cannot be copied is submitted from memory.
 * sendmail has the same open file as its standard input, and so the lock too: when only the wrapper is killed, the
 * message is still seen to be in work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "wrapper.h"

#define MESSAGE_FILE "message"
#define ARGUMENTS_FILE "arguments"
#define OUTCOME_FILE "outcome"
#define UNFINISHED_OUTCOME_FILE ".outcome"
#define CHUNK (64 * 1024)

static const char *const FILES[] = {MESSAGE_FILE, ARGUMENTS_FILE, UNFINISHED_OUTCOME_FILE, OUTCOME_FILE};
#define FILES_COUNT (sizeof FILES / sizeof *FILES)

static bool write_all(int file, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(file, bytes, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static ssize_t read_some(int file, char *bytes)
{
    ssize_t count;

    do
        count = read(file, bytes, CHUNK);
    while (count < 0 && errno == EINTR);
    return count;
}

static int create_file(int directory, const char *name)
{
    return openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

/* A copy that may not survive a power cut is still better than none. */
static void sync_to_disk(int file, const char *name)
{
    if (fsync(file) != 0)
        report(LOG_ERR, "%s of the copy may not be on the disk: %s", name, strerror(errno));
}

static bool create_place(struct copy *copy)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(copy->id, sizeof copy->id, "%010lld.%06ld-%ld", (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid());
    snprintf(copy->name, sizeof copy->name, ".%s.partial", copy->id);
    copy->area = open(KEPT_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy->area < 0 || mkdirat(copy->area, copy->name, S_IRWXU) < 0)
        return false;
    copy->place = openat(copy->area, copy->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy->place < 0)
        return false;
    copy->message = create_file(copy->place, MESSAGE_FILE);
    return copy->message >= 0 && flock(copy->message, LOCK_EX) == 0;
}

/* Removes the names; the message's descriptor stays good. The message goes first: without it nothing is left to send. */
static bool remove_place(struct copy *copy)
{
    bool removed = true;

    for (size_t i = 0; copy->place >= 0 && i < FILES_COUNT; i++)
        removed = (unlinkat(copy->place, FILES[i], 0) == 0 || errno == ENOENT) && removed;
    removed = unlinkat(copy->area, copy->name, AT_REMOVEDIR) == 0 && removed;
    copy->area = -1;
    return removed;
}

/* Goes on without a copy: no reason to refuse a message, but every reason to be heard. */
static void abandon_copy(struct copy *copy, int error)
{
    report(LOG_ERR, "no copy of this message in %s (%s): it is submitted all the same, and lost if that fails",
           KEPT_DIR, strerror(error));
    if (copy->area >= 0)
        remove_place(copy);
}

static int open_memory(void)
{
    int memory = memfd_create("message", MFD_CLOEXEC);

    if (memory < 0)
        give_up(EX_OSERR, "no copy and no memory for the message (%s): it was not submitted", strerror(errno));
    return memory;
}

static void write_memory(int memory, const char *bytes, size_t count)
{
    if (!write_all(memory, bytes, count))
        give_up(EX_OSERR, "no copy and no memory for the message (%s): it was not submitted", strerror(errno));
}

/* The copy's file took no more than `stored` bytes: they go to memory, and the rest will follow them. */
static void move_to_memory(struct copy *copy, off_t stored, char *buffer)
{
    int memory = open_memory();

    for (off_t at = 0; at < stored;) {
        size_t wanted = stored - at < CHUNK ? (size_t)(stored - at) : CHUNK;
        ssize_t count = pread(copy->message, buffer, wanted, at);

        if (count <= 0)
            give_up(EX_IOERR, "the copy cannot be read back (%s): the message was not submitted", strerror(errno));
        write_memory(memory, buffer, (size_t)count);
        at += count;
    }
    close(copy->message);
    copy->message = memory;
}

static void store_chunk(struct copy *copy, off_t stored, const char *chunk, size_t count)
{
    static char buffer[CHUNK];

    if (copy->area >= 0 && !write_all(copy->message, chunk, count)) {
        abandon_copy(copy, errno);
        move_to_memory(copy, stored, buffer);
    } else if (copy->area >= 0) {
        return;
    }
    write_memory(copy->message, chunk, count);
}

static void read_message(struct copy *copy)
{
    static char chunk[CHUNK];
    off_t stored = 0;
    ssize_t count;

    while ((count = read_some(STDIN_FILENO, chunk)) > 0) {
        store_chunk(copy, stored, chunk, (size_t)count);
        stored += count;
    }
    if (count < 0)
        give_up(EX_IOERR, "the message cannot be read from standard input (%s): it was not submitted", strerror(errno));
}

static bool write_arguments(int place, const struct command *command)
{
    int file = create_file(place, ARGUMENTS_FILE);

    if (file < 0)
        return false;
    for (int i = 0; i < command->count; i++)
        if (!write_all(file, command->arguments[i], strlen(command->arguments[i]) + 1))
            return false;
    sync_to_disk(file, ARGUMENTS_FILE);
    close(file);
    return true;
}

/* From here on the copy survives a power cut, and is seen under its own name. */
static bool finish_copy(struct copy *copy, const struct command *command)
{
    sync_to_disk(copy->message, MESSAGE_FILE);
    if (!write_arguments(copy->place, command))
        return false;
    sync_to_disk(copy->place, copy->name);
    if (renameat(copy->area, copy->name, copy->area, copy->id) != 0)
        return false;
    snprintf(copy->name, sizeof copy->name, "%s", copy->id);
    sync_to_disk(copy->area, KEPT_DIR);
    return true;
}

void take_message(struct copy *copy, const struct command *command)
{
    *copy = (struct copy){.area = -1, .place = -1, .message = -1};
    if (!create_place(copy)) {
        abandon_copy(copy, errno);
        copy->message = open_memory();
    }
    read_message(copy);
    hold_signals();
    if (copy->area >= 0 && !finish_copy(copy, command))
        abandon_copy(copy, errno);
    if (lseek(copy->message, 0, SEEK_SET) != 0)
        give_up(EX_IOERR, "the message cannot be read again (%s): it was not submitted", strerror(errno));
}

void drop_copy(struct copy *copy)
{
    if (copy->area >= 0 && !remove_place(copy))
        report(LOG_ERR, "sendmail has settled %s/%s, but the copy cannot be removed (%s): do not send it again",
               KEPT_DIR, copy->id, strerror(errno));
}

/* "exit 75", "signal 9". */
static void describe_ending(char *text, size_t size, int wait_status)
{
    bool killed = WIFSIGNALED(wait_status);

    snprintf(text, size, "%s %d", killed ? "signal" : "exit", killed ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
}

static bool write_outcome(const struct copy *copy, const char *ended, const struct release *release)
{
    char text[NAME_MAX + 256];
    int length = snprintf(text, sizeof text, "%s\nrelease %s\nfinished %lld\n", ended, release->name,
                          (long long)time(NULL));
    int file = create_file(copy->place, UNFINISHED_OUTCOME_FILE);

    return file >= 0 && write_all(file, text, (size_t)length) && fsync(file) == 0 &&
           renameat(copy->place, UNFINISHED_OUTCOME_FILE, copy->place, OUTCOME_FILE) == 0 && fsync(copy->place) == 0;
}

void keep_copy(struct copy *copy, const struct release *release, int wait_status)
{
    char ended[64];

    describe_ending(ended, sizeof ended, wait_status);
    if (copy->area < 0) {
        report(LOG_CRIT, "sendmail ended with %s and there is no copy: the message may be lost", ended);
        return;
    }
    report(LOG_ERR, "sendmail ended with %s: the message is kept as %s/%s", ended, KEPT_DIR, copy->id);
    if (!write_outcome(copy, ended, release))
        report(LOG_ERR, "how it ended cannot be written there: %s", strerror(errno));
}
