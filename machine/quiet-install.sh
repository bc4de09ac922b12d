#!/bin/sh
# Installs Debian packages without the services that come with them: a web server would take ports of this machine, now or
# after its next start. Arguments: names of packages; APT_OPTIONS holds options of apt-get.
set -eu

# What Debian asks before it starts a service: invoke-rc.d(8). A file that is there already says what the machine wants, and
# stays. Ours goes away again; one that a killed run left names only those packages, and goes at the next run.
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
mark="# For packages that CCTelegram's tests need, while they are installed."

if [ ! -e "$policy" ] || grep -qF "$mark" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' HUP INT TERM
  cat > "$policy" << END
#!/bin/sh
$mark
for name in $*; do
  case " \$* " in *" \$name "* | *" \$name.service "*) exit 101 ;; esac
done
END
  chmod 755 "$policy"
fi

# shellcheck disable=SC2086 # several options
apt-get install --yes --quiet --no-install-recommends ${APT_OPTIONS:-} "$@"

# Without systemd nothing starts by itself.
command -v systemctl > /dev/null || exit 0
for package in "$@"; do
  if systemctl cat "$package.service" > /dev/null 2>&1; then systemctl disable --quiet "$package.service"; fi
done
