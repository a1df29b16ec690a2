#!/usr/bin/env bash
# The first guard of the house: what the objects of the floors and of the services ask of the
# outside, held against tests/symbols.allow. Arguments: archives or objects. Prints what is not allowed.
set -u
here=$(dirname "$0")
allowed=$(grep -v '^#' "$here/symbols.allow" | paste -sd'|')
defined=$(mktemp) && wanted=$(mktemp) && trap 'rm -f "$defined" "$wanted"' EXIT
nm --defined-only "$@" 2>/dev/null | awk 'NF==3 {print $3}' | sort -u >"$defined"
nm -u "$@" 2>/dev/null | awk '$1=="U" {print $2}' | sed 's/@.*//' | sort -u >"$wanted"
[ -s "$defined" ] || { echo "no symbols in $*"; exit 1; }
bad=$(comm -13 "$defined" "$wanted" | grep -vxE "$allowed")
[ -z "$bad" ] || { printf 'outside the allow-list: %s\n' $bad; exit 1; }
