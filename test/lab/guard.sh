#!/bin/sh
# Clears up after a lab whose process died without doing so. Started beside it by folder.ts, with the lab's folder as
# argument; learns by lines on standard input which pid files to look at. "done" means that all was stopped in good
# order; end of file means that the lab's process has gone, however it went, kill -9 included.
folder=$1
files=""
while read -r word file; do
  case "$word" in
    pid) files="$files $file" ;;
    done) exit 0 ;;
  esac
done

# Pids are used again: a process is signalled only when it still belongs to the folder.
ours() { grep -qs "$folder" "/proc/$1/cmdline" "/proc/$1/environ"; }

pids=""
for file in $files; do
  pid=$(tr -d ' ' 2>/dev/null <"$file")
  if [ -n "$pid" ] && ours "$pid"; then
    kill -TERM "$pid"
    pids="$pids $pid"
  fi
done
for second in 1 2; do
  left=""
  for pid in $pids; do
    if ours "$pid"; then left="$left $pid"; fi
  done
  [ -z "$left" ] && break
  sleep 1
done
# Dovecot's master waits five seconds for a child that had just started when the signal came: end the whole group.
for pid in $left; do kill -KILL -- "-$pid" || kill -KILL "$pid"; done 2>/dev/null
rm -rf "$folder"
