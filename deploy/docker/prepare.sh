#!/bin/sh
# Makes the secrets that the services share, once: what exists is kept. Runs as root in Mosquitto's
# image, because that has mosquitto_passwd and trygg's has not.
set -eu
umask 077

secrets=${SECRETS:-/secrets}
home=${FIRST_HOME:-h-0412}
# Users inside the images; root cannot give files away where it is not really root.
trygg_user=${TRYGG_USER-10001:10001}
mosquitto_user=${MOSQUITTO_USER-1883:1883}

random() { head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n'; }

keep_or_make() {
    [ -s "$1" ] || { random >"$1.new" && mv "$1.new" "$1"; }
}

mkdir -p "$secrets/trygg" "$secrets/mosquitto" "$secrets/gateways"
keep_or_make "$secrets/trygg/identity.key"
keep_or_make "$secrets/trygg/mqtt.password"
keep_or_make "$secrets/gateways/$home.password"

passwords=$secrets/mosquitto/passwords
printf 'trygg:%s\n' "$(cat "$secrets/trygg/mqtt.password")" >"$passwords.new"
for file in "$secrets"/gateways/*.password; do
    printf '%s:%s\n' "$(basename "$file" .password)" "$(cat "$file")" >>"$passwords.new"
done
mosquitto_passwd -U "$passwords.new"
mv "$passwords.new" "$passwords"

[ -z "$trygg_user" ] || chown -R "$trygg_user" "$secrets/trygg"
[ -z "$mosquitto_user" ] || chown -R "$mosquitto_user" "$secrets/mosquitto"
