#!/usr/bin/sh
# A response program for HP-UX HIDS (versions 2 to 4): passes its alerts about failed logins (template 8) and failed su (template 9) on as one
# line of syslog each, which Lockwarden's pack `hpux` reads. Put it into HIDS' response directory, and point the host's syslogd at the
# box: `auth.warning @192.0.2.50` in /etc/syslog.conf.
#
# The text comes from whoever tried to sign in: quotes and control characters are replaced, and no shell looks at it again.

case "$1" in
8|9) ;;
*) exit 0 ;;
esac

clean() {
    printf '%s' "$1" | LC_ALL=C tr '"' "'" | LC_ALL=C tr -c '[:print:]' '?'
}

exec logger -p auth.warning -t lockwarden-hids \
    "Code=\"$1\" Version=\"$(clean "$2")\" Severity=\"$(clean "$3")\" Time=\"$(clean "$4")\" Text=\"$(clean "$8")\""
