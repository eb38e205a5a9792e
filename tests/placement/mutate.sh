#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Does differential.py notice a wrong rule? Changes one rule at a time in a copy of the sources and runs it on that:
# mutate.sh ROOT [COUNT]. Every mutation must be found.
set -eu
root=$1
count=${2:-1000}
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
failed=0

# Builds the copy and compares it with Nova: "N differ" of the count in $differ, empty when nothing was compared.
compare() {
	cc -std=gnu17 -O1 -w -D_GNU_SOURCE -I"$copy/src" -o "$copy/decide" "$copy/tests/placement/decide.c" \
		"$copy"/src/placement/*.c "$copy"/src/model/*.c "$copy"/src/base/*.c -ljansson -lm
	result=$(python3 tests/placement/differential.py --root "$root" --count "$count" --decide "$copy/decide") || :
	differ=$(echo "$result" | sed -n 's/.*; \([0-9]* differ\);.*/\1/p')
}

# FILE of src/placement, sed script, what rule it breaks
mutate() {
	cp -r src tests "$copy"
	sed -i "$2" "$copy/src/placement/$1"
	if cmp -s "src/placement/$1" "$copy/src/placement/$1"; then
		echo "NOT APPLIED: $3"
		failed=1
		return
	fi
	compare
	case $differ in
	'') echo "NOT COMPARED: $3" && failed=1 ;;
	'0 differ') echo "NOT FOUND: $3" && failed=1 ;;
	*) echo "found: $3 ($differ of $count)" ;;
	esac
}

cp -r src tests "$copy"
compare
if [ "$differ" != '0 differ' ]; then
	echo "without a change: ${differ:-not compared}; nothing can be said of changes"
	exit 1
fi
mutate cell.c 's/asked > k->on->n_free/asked > k->on->n_free + 1/' "a pinned CPU too many"
mutate cell.c 's/end--;/;/' "large takes the smallest page size too"
mutate cell.c 's/if (k->cell->memory_mb > memory_free)/if (0)/' "pinned guests may overcommit memory"
mutate cell.c 's/on->threads > 1 && !on->one_set/0/' "isolate on hosts with hyperthreads"
mutate cell.c 's/EMULATOR_ISOLATE && g == 0,/EMULATOR_ISOLATE \&\& g == 1,/' "the emulator's CPU beside guest cell 1"
mutate pci.c 's/if (any || a->port->policy == AFFINITY_LEGACY)/if (any)/' "legacy as lax as preferred"
mutate search.c 's/return x->n_free > y->n_free;/return x->n_free < y->n_free;/' "fuller nodes first"
mutate topology.c 's/request.page_size || //' "a page size alone makes no NUMA cell"
exit $failed
