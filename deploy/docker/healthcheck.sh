#!/bin/bash
# Does the admin server of trygg say that the process lives? The image has no HTTP client, and needs
# none. /livez, not /readyz: a container is restarted for this, and no restart heals a broker.
set -euo pipefail

address=${1:-127.0.0.1:9464}
exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
printf 'GET /livez HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
