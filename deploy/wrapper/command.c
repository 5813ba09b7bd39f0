/*
 * What the caller asks for, read exactly as sendmail 8.17 reads it, in two passes:
 *
 * 1. "Old style": up to the first word that is no option, a bare -C, -q, -Q or -d that no value follows (a word that
 *    starts with a hyphen is none, and -d never takes the next word) stands alone.
 * 2. getopt of BSD: options may be joined, a value is the rest of the word or the next word whatever it is, and the
 *    first word that is no option, or one that starts with "--", ends the options.
 *
 * The tests compare this with the real program on arbitrary command lines.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>

#include "wrapper.h"

static const char OPTIONS[] = "A:B:b:C:cD:d:e:F:f:Gh:IiL:M:mN:nO:o:p:Q:q:R:r:sTtUV:vX:";
static const char STAND_ALONE[] = "CqQd";

static bool takes_value(char letter)
{
    const char *found = letter == ':' ? NULL : strchr(OPTIONS, letter);

    return letter != '\0' && found != NULL && found[1] == ':';
}

static bool is_option(const char *word)
{
    return word != NULL && word[0] == '-' && word[1] != '\0' && word[1] != '-';
}

static bool is_bare(const char *word)
{
    return word[2] == '\0';
}

/* Pass 1: marks the words that stand alone. */
static void mark_alone(bool *alone, char *const *words, int count)
{
    for (int i = 0; i < count && words[i][0] == '-' && words[i][1] != '-'; i++) {
        const char *next = words[i + 1];

        if (words[i][1] == '\0' || !is_bare(words[i]))
            continue;
        if (takes_value(words[i][1]) && words[i][1] != 'd' && next != NULL && next[0] != '-')
            i++;
        else
            alone[i] = strchr(STAND_ALONE, words[i][1]) != NULL;
    }
}

/* Pass 2 reads one word of options: the letter in it that takes a value, or NULL. */
static char *value_letter(char *word, bool alone)
{
    for (char *letter = word + 1; *letter != '\0'; letter++)
        if (takes_value(*letter))
            return alone ? NULL : letter;
    return NULL;
}

struct reading {
    struct command *command;
    char mode;
    bool queue_run;
    bool dropped;
};

static void note_option(struct reading *reading, char letter, const char *value)
{
    if (letter == 'b')
        reading->mode = value[0];
    if (letter == 'q')
        reading->queue_run = true;
    if (letter != 'C')
        return;
    reading->dropped = true;
    report(LOG_NOTICE, "the caller's -C %s is not used: the live release names the configuration", value);
}

static void keep_word(struct command *command, char *word)
{
    command->arguments[command->count++] = word;
}

/* One word of options at `words`, perhaps with its value in the next one. Returns how many words that is. */
static int read_option(struct reading *reading, char **words, bool alone)
{
    char *word = words[0];
    char *letter = value_letter(word, alone);
    bool separate = letter != NULL && letter[1] == '\0' && words[1] != NULL;

    if (letter == NULL) {
        note_option(reading, alone ? word[1] : '\0', "");
        if (!alone || word[1] != 'C')
            keep_word(reading->command, word);
        return 1;
    }
    note_option(reading, *letter, separate ? words[1] : letter + 1);
    if (*letter == 'C') {
        *letter = '\0';
        if (letter > word + 1)
            keep_word(reading->command, word);
    } else {
        keep_word(reading->command, word);
        if (separate)
            keep_word(reading->command, words[1]);
    }
    return separate ? 2 : 1;
}

void read_command(struct command *command, int argc, char **argv)
{
    int count = argc > 0 ? argc - 1 : 0;
    char **words = argv + (argc > 0 ? 1 : 0);
    struct reading reading = {.command = command, .mode = 'm'};
    bool *alone = calloc((size_t)count + 1, sizeof *alone);
    int i = 0;

    command->arguments = calloc((size_t)count + 2, sizeof *command->arguments);
    command->count = 0;
    if (alone == NULL || command->arguments == NULL)
        give_up(EX_OSERR, "no memory for %d arguments; nothing was read or sent", count);
    mark_alone(alone, words, count);
    while (i < count && is_option(words[i]))
        i += read_option(&reading, words + i, alone[i]);
    /* Else a bare -q or -Q before a dropped -C would take the first recipient for its value. */
    if (reading.dropped && i < count && words[i][0] != '-')
        keep_word(command, (char *)"--");
    while (i < count)
        keep_word(command, words[i++]);
    free(alone);
    command->submission = !reading.queue_run && (reading.mode == 'm' || reading.mode == 'a');
}
