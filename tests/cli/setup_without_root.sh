#!/usr/bin/env bash
# scripts/setup on a machine where a package is missing and nobody may install it: it names the package and exits 4.
#
#   setup_without_root.sh SCRIPTS_SETUP
set -u
if ((EUID != 0)); then
  echo "SKIPPED: needs root to become somebody without rights"
  exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir -p "$scratch/scripts" "$scratch/bin"
cp "$1" "$scratch/scripts/setup"
# A machine that has everything but catch2, and no sudo that would answer.
cat > "$scratch/bin/dpkg-query" <<'FAKE'
#!/bin/sh
for package; do :; done
[ "$package" = catch2 ] && exit 1
echo "install ok installed"
FAKE
printf '#!/bin/sh\nexit 1\n' > "$scratch/bin/sudo"
chmod 755 "$scratch/bin/"* "$scratch/scripts" "$scratch/bin" "$scratch/scripts/setup"

message=$(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups \
  env -i PATH="$scratch/bin:/usr/sbin:/usr/bin:/bin" HOME=/nonexistent FASTBOX_DEPS="$scratch/deps" \
  bash "$scratch/scripts/setup" --cpu < /dev/null 2>&1)
code=$?
echo "exit code $code: $message"
[[ $code == 4 && $message == *"missing"*"catch2"* ]]
