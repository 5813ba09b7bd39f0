/* The log: syslog, and standard error (which Sympa's own log may get) for what somebody must act on. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

#include "wrapper.h"

#define PROGRAM "mailadmin-wrapper"
#define LONGEST_TEXT 1024

/* An argument of the caller must not write a line of the log. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

static void report_list(int priority, const char *format, va_list values)
{
    char text[LONGEST_TEXT];

    vsnprintf(text, sizeof text, format, values);
    make_printable(text);
    openlog(PROGRAM, LOG_PID, LOG_MAIL);
    syslog(priority, "%s", text);
    if (priority <= LOG_WARNING)
        dprintf(2, "%s: %s\n", PROGRAM, text);
}

void report(int priority, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    report_list(priority, format, values);
    va_end(values);
}

void give_up(int exit_code, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    report_list(LOG_ERR, format, values);
    va_end(values);
    exit(exit_code);
}
