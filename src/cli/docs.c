// SPDX-License-Identifier: Apache-2.0
/* Build-time program: writes the bash completion and the man page from the verb table. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/verb.h"

/* The verbs that take the option, each with its forms: one name may mean two things. */
static void print_pattern(const struct option_row *o)
{
	const char *before = "\t";

	for (size_t i = 0; i < verb_count; i++) {
		if (!strchr(verb_table[i].options, o->letter))
			continue;
		printf("%s%s:--%s", before, verb_table[i].name, o->name);
		if (o->brief)
			printf("|%s:-%c", verb_table[i].name, o->brief);
		before = "|";
	}
	puts(")");
}

static void print_completion(void)
{
	puts("# bash completion for dnsvnf, made from its verb table\n"
	     "_dnsvnf()\n{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	printf("\t\twords='--help --version");
	for (size_t i = 0; i < verb_count; i++)
		printf(" %s", verb_table[i].name);
	puts("'\n\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
	     "\"$cur\")\n\t\treturn\n\tfi\n"
	     "\tcase ${COMP_WORDS[1]}:$prev in");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];
		if (!o->argument)
			continue;
		print_pattern(o);
		if (o->values && *o->values)
			printf("\t\tmapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n",
			       o->values);
		else if (o->values)
			puts("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
		puts("\t\treturn ;;");
	}
	puts("\tesac\n\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; i < verb_count; i++) {
		printf("\t%s) words='", verb_table[i].name);
		for (size_t j = 0; j < option_count; j++)
			if (strchr(verb_table[i].options, option_table[j].letter))
				printf("--%s ", option_table[j].name);
		puts("' ;;");
	}
	puts("\tesac\n"
	     "\tif [[ $cur == -* ]]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	     "\telse\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\tfi\n}\n"
	     "complete -o filenames -F _dnsvnf dnsvnf");
}

/* Dashes as roff wants them. */
static void print_roff(const char *s)
{
	for (; *s; s++)
		if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
}

static void print_man_verb(const struct verb *verb)
{
	printf(".SS \"%s", verb->name);
	printf(" [options]%s%s\"\n", *verb->operand ? " " : "", verb->operand);
	print_roff(verb->text);
	puts("");
	for (size_t i = 0; i < option_count; i++) {
		const struct option_row *o = &option_table[i];
		if (!strchr(verb->options, o->letter) || strchr("hvo", o->letter))
			continue;
		printf(".TP\n\\fB");
		if (o->brief)
			printf("\\-%c\\fR, \\fB", o->brief);
		print_roff("--");
		print_roff(o->name);
		printf("\\fR%s%s%s\n", o->argument ? " \\fI" : "", o->argument ? o->argument : "",
		       o->argument ? "\\fR" : "");
		print_roff(o->text);
		puts("");
	}
	fputs(".PP\nExample:\n.PP\n.RS\n\\fB", stdout);
	print_roff(verb->example);
	puts("\\fR\n.RE");
}

/* dnsvnf.8 is man/dnsvnf.8.in with the line @VERBS@ replaced. */
static int print_man(const char *template_file)
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
		for (size_t i = 0; i < verb_count; i++)
			print_man_verb(&verb_table[i]);
	}
	fclose(in);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && streq(argv[1], "completion")) {
		print_completion();
		return 0;
	}
	if (argc == 3 && streq(argv[1], "man"))
		return print_man(argv[2]);
	fprintf(stderr, "usage: docs completion | man TEMPLATE\n");
	return 2;
}
