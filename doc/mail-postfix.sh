#!/usr/bin/env bash
# Sends 201 digests through Debian's postfix into a Maildir, and looks at what came.
#
#     sudo doc/mail-postfix.sh
#
# It needs postfix installed (apt-get install postfix) and root, because postfix changes its user. It starts an instance of
# its own: configuration, queue and Maildir lie in a folder of its own, it listens on a port of the loopback only, and sends
# nothing anywhere else. The system's own postfix is left alone. Everything is gone afterwards.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

port=${PORT:-2526}
for need in postfix go python3; do
  command -v "$need" >/dev/null 2>&1 || { echo "mail-postfix: $need is missing" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "mail-postfix: postfix wants to be started by root" >&2; exit 2; }

dir=$(mktemp -d)
portal=
cleanup() {
  postfix -c "$dir/etc" stop >/dev/null 2>&1 || true
  [ -z "$portal" ] || kill "$portal" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
chmod 755 "$dir"
mkdir -p "$dir/etc" "$dir/spool" "$dir/data" "$dir/mail"
chown postfix "$dir/data"
chown nobody "$dir/mail"
cp -r /etc/postfix/dynamicmaps.cf* /etc/postfix/postfix-files* "$dir/etc/" 2>/dev/null || true
cat >"$dir/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $dir/spool
data_directory = $dir/data
multi_instance_name = postfix-utkik
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
myhostname = mail.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
virtual_mailbox_domains = example.org
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/refused, permit
default_transport = error:nothing leaves this machine
CF
echo 'nobody@example.org 550 5.1.1 no such user' >"$dir/etc/refused"
sed -e "s/^smtp  *inet.*/127.0.0.1:$port inet n - n - - smtpd/" -e 's/^\([a-z].* \)y\( .*\)$/\1n\2/' /etc/postfix/master.cf >"$dir/etc/master.cf"
grep -q '^postlog' "$dir/etc/master.cf" || echo 'postlog unix-dgram n - n - 1 postlogd' >>"$dir/etc/master.cf"
postfix -c "$dir/etc" start

go build -o "$dir/utkik" ./cmd/utkik
cat >"$dir/utkik.yaml" <<YAML
data: $dir/utkik-data
log_level: error
mail: {host: 127.0.0.1, port: $port, from: "Utkik <utkik@example.org>", tls: none, connections: 4}
YAML
utkik() { "$dir/utkik" --config "$dir/utkik.yaml" "$@"; }
cat >"$dir/calls.jsonl" <<'JSON'
{"source":"sample","ref":"1","kind":"call","title":"Tourism companies in sparsely populated regions","programme":"SMP","status":"open","deadlines":["2026-05-20"],"language":"en","text":"Grants for tourism."}
{"source":"sample","ref":"2","kind":"consultation","title":"The future of culture policy","status":"open","deadlines":["2026-05-22"],"language":"en","text":"A question about culture and museums."}
JSON
utkik --now 2026-05-12T05:00:00Z import "$dir/calls.jsonl" >/dev/null
{
  echo "recipients:"
  for i in $(seq 200); do echo "  - {id: r$i, address: r$i@example.org, name: R, follows: [{kinds: [call, consultation]}]}"; done
  echo "  - {id: gone, address: nobody@example.org, name: Gone, follows: [{kinds: [call]}]}"
} >"$dir/people.yaml"
utkik --now 2026-05-12T05:10:00Z recipients import "$dir/people.yaml"
began=$(date +%s.%N)
utkik --now 2026-05-12T06:00:00Z --json digest --send >"$dir/sent.json" || [ $? = 3 ]
ended=$(date +%s.%N)

# Postfix delivers behind its answer; its queue is empty when it has.
for _ in $(seq 100); do
  [ -n "$(postqueue -c "$dir/etc" -j)" ] || break
  postqueue -c "$dir/etc" -f
  sleep 0.2
done
python3 - "$dir" "$began" "$ended" <<'PY'
import email, glob, json, sys
folder, began, ended = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
sent = json.load(open(folder + "/sent.json"))
mails = [email.message_from_file(open(f, errors="replace")) for f in glob.glob(folder + "/mail/all/new/*")]
ids = {m["Message-ID"] for m in mails}
print(f"{sent['sent']} sent, {sent['suspended']} suspended, in {ended - began:.1f} s with the writing; {len(mails)} came into the Maildir, {len(ids)} of them different")
assert sent["sent"] == 200 and sent["suspended"] == 1
assert len(mails) == 200 and len(ids) == 200, len(mails)
m = mails[0]
assert m.get_content_type() == "multipart/alternative", m.get_content_type()
assert [p.get_content_type() for p in m.get_payload()] == ["text/plain", "text/html"]
for header in ("List-Id", "Auto-Submitted", "Precedence", "Content-Language", "Date"):
    assert m[header], header
print("ok")
PY
