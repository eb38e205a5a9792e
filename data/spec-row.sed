# NAME KIND [ARGUMENT] becomes a row of a table in C.
s/^\([^ ]*\) \([A-Z]*\) *\(.*\)/{"\1", \2, "\3"},/
