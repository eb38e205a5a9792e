// SPDX-License-Identifier: Apache-2.0
#include "base/timespan.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"

static const struct {
	const char *name;
	double ms;
} units[] = {
	{"seconds", 1000},
	{"second", 1000},
	{"sec", 1000},
	{"s", 1000},
	{"minutes", 60000},
	{"minute", 60000},
	{"min", 60000},
	{"m", 60000},
	{"hours", 3.6e6},
	{"hour", 3.6e6},
	{"hr", 3.6e6},
	{"h", 3.6e6},
	{"days", 8.64e7},
	{"day", 8.64e7},
	{"d", 8.64e7},
	{"msec", 1},
	{"ms", 1},
	{"usec", 0.001},
	{"us", 0.001},
	{"\xc2\xb5s", 0.001},
	{"\xce\xbcs", 0.001},
};

/* Reads digits with at most one point, and moves past them. False if there is none. */
static bool take_number(const char **s, double *ret)
{
	double value = 0, place = 1;
	bool any = false, point = false;

	for (; isdigit((unsigned char)**s) || (**s == '.' && !point); (*s)++) {
		if (**s == '.') {
			point = true;
			continue;
		}
		any = true;
		value = value * 10 + (**s - '0');
		place *= point ? 10 : 1;
	}
	*ret = value / place;
	return any;
}

/* Reads a unit and moves past it; unit_ms if there is none. 0 if it is not known. */
static double take_unit(const char **s, unsigned unit_ms)
{
	const char *start = *s + strspn(*s, " \t");
	size_t len = strcspn(start, " \t.0123456789");

	*s = start + len;
	if (len == 0)
		return unit_ms;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i].name) == len && memcmp(start, units[i].name, len) == 0)
			return units[i].ms;
	return 0;
}

int timespan_parse(const char *s, unsigned unit_ms, int *ret_ms)
{
	double sum = 0;

	s += strspn(s, " \t");
	do {
		double number;
		if (!take_number(&s, &number))
			return -EINVAL;
		double unit = take_unit(&s, unit_ms);
		sum += number * unit;
		s += strspn(s, " \t");
		if (unit <= 0 || sum > INT_MAX)
			return -EINVAL;
	} while (*s);
	*ret_ms = (int)(sum + 1e-6);
	return 0;
}
