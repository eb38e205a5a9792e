# The sections of verbs.md become macros of members of struct verb and struct option_row (base/command.h): PROGRAM_VERB,
# and of each "- `--OPTION ARGUMENT`: HELP" PROGRAM_VERB_OPTION.
BEGIN { RS = ""; split("summary text example", member, " ") }
{ gsub(/[\\"]/, "\\\\&"); gsub(/\n- /, "\n\n- "); n_items = split($0, item, "\n\n"); gsub(/\n */, " "); sub(/^ +/, "") }
/^## / { section = name_of($2 "_" $3); printf "\n#define %s .name = \"%s\"", section, $3; n = 0; next }
/^- / { for (i = 1; i <= n_items; i++) option(item[i]); next }
section { printf ", .%s = \"%s\"", member[++n], $0 }
END { print "" }

function option(text,    head)
{
	gsub(/\n */, " ", text)
	match(text, /`: /)
	split(substr(text, 4, RSTART - 4), head, " ")
	printf "\n#define %s_%s .name = \"%s\"", section, name_of(substr(head[1], 3)), substr(head[1], 3)
	if (head[2])
		printf ", .argument = \"%s\"", head[2]
	printf ", .help = \"%s\"", substr(text, RSTART + 3)
}

function name_of(words)
{
	gsub(/-/, "_", words)
	return words
}
