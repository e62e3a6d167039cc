#!/bin/sh
# A response program for Lockwarden: `[response] program`. It gets the arguments of HP-UX HIDS' response programs, which docs/response.md
# lists, so one that was written for HIDS works as it is. This one writes one line to the system's log for each alert.
#
# No shell has looked at the arguments: they are text from the network, and belong in double quotes wherever they are used.

code=$1 severity=$3 text=$8

case "$code" in
8) what="failed logins" ;;
9) what="failed su" ;;
*) what="alert $code" ;;
esac

# 2: root and other listed users.
case "$severity" in
2) priority=auth.crit ;;
*) priority=auth.warning ;;
esac

exec logger -p "$priority" -t lockwarden-response -- "$what: $text"
