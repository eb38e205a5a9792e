// SPDX-License-Identifier: Apache-2.0
/* Build-time program: writes the bash completion and the man page of a program from its table. */
#include <stdio.h>

#include "base/str.h"
#include "bondd/verbs.h"
#include "cli/verb.h"

/* Completion of the option's value. */
static void print_value_case(const struct verb *verb, const struct option_row *row)
{
	printf("\t%s:--%s", verb->name, row->name);
	if (row->brief)
		printf("|%s:-%c", verb->name, row->brief);
	puts(")");
	if (row->type == OPTION_FILE || row->type == OPTION_FILES)
		puts("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
	else if (row->words || row->complete)
		printf("\t\tmapfile -t COMPREPLY < <(compgen -W \"%s%s%s%s\" -- \"$cur\")\n",
		       row->words ? row->words : "", row->complete ? " $(" : "",
		       row->complete ? row->complete : "", row->complete ? ")" : "");
	puts("\t\treturn ;;");
}

static void print_completion(const struct program *p)
{
	printf("# bash completion for %s, made from its verb table\n"
	       "_%s()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ] || { [ \"$COMP_CWORD\" -eq 2 ] && [ \"$prev\" = "
	       "help "
	       "]; }; then\n"
	       "\t\twords='--help --version help",
	       p->name, p->name);
	for (size_t i = 0; i < p->n_verbs; i++)
		printf(" %s", p->verbs[i].name);
	puts("'\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	     "\t\treturn\n\tfi\n"
	     "\tcase ${COMP_WORDS[1]}:$prev in");
	for (size_t i = 0; i < p->n_verbs; i++)
		for (const struct option_row *row = p->verbs[i].options; row->name; row++)
			if (option_takes_value(row))
				print_value_case(&p->verbs[i], row);
	puts("\tesac\n\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; i < p->n_verbs; i++) {
		printf("\t%s) words='", p->verbs[i].name);
		for (const struct option_row *row = p->verbs[i].options; row->name; row++)
			printf("--%s ", row->name);
		puts("' ;;");
	}
	puts("\tesac\n\tlocal first=\n\tcase ${COMP_WORDS[1]}:$COMP_CWORD in");
	for (size_t i = 0; i < p->n_verbs; i++)
		if (p->verbs[i].operand_words)
			printf("\t%s:2) first='%s' ;;\n", p->verbs[i].name,
			       p->verbs[i].operand_words);
	printf("\tesac\n"
	       "\tif [[ $cur == -* ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\telse\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -f -W \"$first\" -- \"$cur\")\n"
	       "\tfi\n}\n"
	       "complete -o filenames -F _%s %s\n",
	       p->name, p->name);
}

/* Dashes escaped for roff. */
static void print_roff(const char *s)
{
	for (; *s; s++)
		if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
}

static void print_man_verb(const struct program *p, const struct verb *verb)
{
	char left[OPTION_LEFT_SIZE], help[512];

	printf(".SS \"%s %s [options]%s%s\"\n", p->name, verb->name, verb->operand ? " " : "",
	       verb->operand ? verb->operand : "");
	print_roff(verb->text);
	puts("");
	for (const struct option_row *row = verb->options; row->name; row++) {
		if (streq(row->name, "help") || streq(row->name, "verbose"))
			continue;
		option_left(row, left);
		option_help(row, help, sizeof(help));
		char *value = strchr(left, ' ');
		if (value)
			*value++ = 0;
		fputs(".TP\n\\fB", stdout);
		if (row->brief)
			printf("\\-%c\\fR, \\fB", row->brief);
		print_roff(left);
		printf("\\fR%s%s%s\n", value ? " \\fI" : "", value ? value : "",
		       value ? "\\fR" : "");
		print_roff(help);
		puts("");
	}
	fputs(".PP\nExample:\n.PP\n.RS\n\\fB", stdout);
	print_roff(verb->example);
	puts("\\fR\n.RE");
}

/* The man page is its template with the line @VERBS@ replaced. */
static int print_man(const struct program *p, const char *template_file)
{
	FILE *in = fopen(template_file, "re");
	char line[1024];

	if (!in) {
		perror(template_file);
		return 1;
	}
	while (fgets(line, sizeof(line), in)) {
		if (!streq(line, "@VERBS@\n")) {
			fputs(line, stdout);
			continue;
		}
		for (size_t i = 0; i < p->n_verbs; i++)
			print_man_verb(p, &p->verbs[i]);
	}
	fclose(in);
	return 0;
}

int main(int argc, char **argv)
{
	const struct program *p =
		argc > 2 && streq(argv[2], "bondd") ? &bondd_program : &dnsvnf_program;

	if (argc == 3 && streq(argv[1], "completion")) {
		print_completion(p);
		return 0;
	}
	if (argc == 4 && streq(argv[1], "man"))
		return print_man(p, argv[3]);
	fprintf(stderr, "usage: docs completion PROGRAM | man PROGRAM TEMPLATE\n");
	return 2;
}
