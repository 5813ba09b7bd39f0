/* The order of things. */
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <syslog.h>

#include "wrapper.h"

/* As shells do: a caller that only looks at the exit code would take a death by signal for a success. */
#define EXIT_OF_SIGNAL 128

static int exit_code_of(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        return EXIT_OF_SIGNAL + WTERMSIG(wait_status);
    return WEXITSTATUS(wait_status);
}

/* Accepted, or refused in a way that sending again would not change. Everything else may be a lost message. */
static bool is_settled(int exit_code)
{
    return exit_code == EX_OK || (exit_code >= EX_USAGE && exit_code <= EX_UNAVAILABLE);
}

static int submit(const struct command *command)
{
    struct copy copy;
    struct release release;

    take_message(&copy, command);
    choose_release(&release);
    int wait_status = run_sendmail(command, &release, copy.message);
    int exit_code = exit_code_of(wait_status);
    if (is_settled(exit_code))
        drop_copy(&copy);
    else
        keep_copy(&copy, &release, wait_status);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct command command;
    struct release release;

    prepare_process();
    become_owner();
    read_command(&command, argc, argv);
    if (command.submission)
        return submit(&command);
    choose_release(&release);
    exec_sendmail(&command, &release);
}
