#!/bin/sh
# deploy/install.sh run|check|bench|develop
#
# Installs the Debian packages of deploy/packages that are missing, as root or with sudo.
# Says nothing and takes no time if nothing is missing.
set -eu
need=${1:-run}
list=$(dirname "$0")/packages
case $need in run|check|bench|develop) ;; *) echo "used as: deploy/install.sh run|check|bench|develop" >&2; exit 2 ;; esac

wanted=$(awk -v need="$need" '/^[^#]/ { n = split($2, for_, ","); for (i = 1; i <= n; i++) if (for_[i] == need) print $1 }' "$list")
# shellcheck disable=SC2086
there=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii  *//p' || true)
missing=
for package in $wanted; do
	printf '%s\n' "$there" | grep -qxF "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "install these as root:$missing" >&2; exit 1; }
	as_root=sudo
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# What has a service of its own (nginx, postgresql) is started by the tests, with their own files: not by its package.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap '$as_root rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
	$as_root chmod 755 $policy
fi
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
