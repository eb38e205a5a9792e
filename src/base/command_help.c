// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/command.h"

#define WIDTH 80

void print_wrapped(FILE *out, const char *text, int column, int indent)
{
	print_wrapped_at(out, text, column, indent, WIDTH);
}

void print_wrapped_at(FILE *out, const char *text, int column, int indent, int width)
{
	bool first = true;

	for (const char *word = text; *word; first = false) {
		int len = (int)strcspn(word, " ");
		if (!first && column + 1 + len > width) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			first = true;
		}
		fprintf(out, "%s%.*s", first ? "" : " ", len, word);
		column += len + !first;
		word += len;
		word += strspn(word, " ");
	}
	fputc('\n', out);
}

bool option_takes_value(const struct option_row *row)
{
	return row->type != OPTION_FLAG && row->type != OPTION_COUNT;
}

void option_left(const struct option_row *row, char ret_left[OPTION_LEFT_SIZE])
{
	const char *value = row->argument ? row->argument : row->words;
	bool has_value = option_takes_value(row);

	snprintf(ret_left, OPTION_LEFT_SIZE, "--%s%s%s", row->name, has_value ? " " : "",
		 has_value ? value : "");
	for (char *c = ret_left + strlen("--") + strlen(row->name) + 1; has_value && *c; c++)
		*c = *c == ' ' ? '|' : *c;
}

void option_help(const struct option_row *row, char *ret_help, size_t size)
{
	char range[32] = "";

	if (row->type == OPTION_UINT)
		snprintf(range, sizeof(range), ", %u to %u", row->min, row->max);
	bool has_preset = row->preset && *row->preset;

	snprintf(ret_help, size, "%s%s%s%s%s", row->help, range, has_preset ? " (default " : "",
		 has_preset ? row->preset : "", has_preset ? ")" : "");
}

void command_print_usage(const struct program *program, FILE *out)
{
	int widest = 0;

	for (size_t i = 0; i < program->n_verbs; i++) {
		int len = (int)strlen(program->verbs[i].name);
		widest = len > widest ? len : widest;
	}
	fprintf(out, "usage: %s VERB [options]%s%s\n\n", program->name, program->operand ? " " : "",
		program->operand ? program->operand : "");
	print_wrapped(out, program->summary, 0, 0);
	fputs("\nVerbs:\n", out);
	for (size_t i = 0; i < program->n_verbs; i++)
		fprintf(out, "  %-*s  %s\n", widest, program->verbs[i].name,
			program->verbs[i].summary);
	fprintf(out,
		"\n'%s VERB --help' shows a verb's options; '%s --version' the version.\n"
		"Exit codes: %s.\n",
		program->name, program->name, program->exit_codes);
}

void command_print_help(const struct program *program, const struct verb *verb)
{
	enum {
		BRIEF = 6,
		LEFT = 18,
		HELP = BRIEF + LEFT + 2
	}; /* columns: "  -o, --output FILE  help" */
	char left[OPTION_LEFT_SIZE], help[512];

	printf("usage: %s %s [options]%s%s\n\n", program->name, verb->name,
	       verb->operand ? " " : "", verb->operand ? verb->operand : "");
	print_wrapped(stdout, verb->text, 0, 0);
	puts("\nOptions:");
	for (const struct option_row *row = verb->options; row->name; row++) {
		const char brief[] = {'-', row->brief, ',', 0};
		option_left(row, left);
		option_help(row, help, sizeof(help));
		int column = printf("  %-3s %s", row->brief ? brief : "", left);
		if (column + 2 > HELP)
			column = printf("\n") - 1;
		printf("%*s", HELP - column, "");
		print_wrapped(stdout, help, HELP, HELP);
	}
	printf("\nExample:\n  %s\n", verb->example);
}
