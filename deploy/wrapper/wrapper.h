/*
 * The program that Sympa calls as its sendmail. docs/wrapper.md says what it does; main.c is where to start reading.
 *
 * Sympa does not retry: a submission that sendmail does not accept is list mail lost for good. So the wrapper keeps a
 * copy of each message until sendmail has taken it or refused it for good, and gives sendmail the configuration of one
 * whole release, named once.
 */
#ifndef WRAPPER_H
#define WRAPPER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "paths.h" /* written by `build`: ROUTING_DIR, SENDMAIL_PATH, KEPT_DIR, OWNER_NAME, BAKED_CF */

/* command.c: what the caller asks for. */
struct command {
    char **arguments; /* without the program's name and without -C; ends with NULL */
    int count;
    bool submission; /* a message is to be read from standard input */
};
void read_command(struct command *command, int argc, char **argv);

/* release.c: which configuration sendmail gets. */
struct release {
    char name[NAME_MAX + 1]; /* the release's digest, or BAKED_RELEASE */
    char configuration[PATH_MAX];
    int lock; /* descriptor that holds the shared lock on the release, -1 without one */
};
#define BAKED_RELEASE "baked"
void choose_release(struct release *release);

/* copy.c: the message, and its copy in the kept area. */
struct copy {
    char name[64]; /* of the message's directory, now */
    char id[48];
    int area;    /* the kept area, -1 when there is no copy */
    int place;   /* the message's directory in it */
    int message; /* the bytes, in the copy or in memory; holds an exclusive lock in the first case */
};
void take_message(struct copy *copy, const struct command *command);
void drop_copy(struct copy *copy);
void keep_copy(struct copy *copy, const struct release *release, int wait_status);

/* process.c: what the wrapper changes of its own process, and gives back before sendmail starts. */
void prepare_process(void);
void hold_signals(void);
void restore_process(void);
void become_owner(void);

/* child.c: sendmail. How it ended is said as wait(2) says it. */
void exec_sendmail(const struct command *command, const struct release *release) __attribute__((noreturn));
int run_sendmail(const struct command *command, const struct release *release, int message);

/* report.c: the log. Priorities are those of syslog(3); warnings and worse go to standard error as well. */
void report(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void give_up(int exit_code, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));

#endif
