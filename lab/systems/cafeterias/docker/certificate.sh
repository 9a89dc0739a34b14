#!/bin/sh
# Un certificado propio para api.tu-dominio.com: `certificate CARPETA [INICIO FIN]`, fechas AAAAMMDDHHMMSSZ.
set -eu

folder=$1
from=${2:-$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)}
until=${3:-$(date -u -d '90 days' +%Y%m%d%H%M%SZ)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/ca.conf" <<END
[req]
distinguished_name = name
prompt = no
[name]
CN = tu-dominio.com
[ca]
default_ca = own
[own]
new_certs_dir = $work
database = $work/index
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = DNS:tu-dominio.com, DNS:api.tu-dominio.com, DNS:localhost, DNS:api.localhost
basicConstraints = critical, CA:TRUE
END
: > "$work/index"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config "$work/ca.conf" \
    -keyout "$work/privkey.pem" -out "$work/request.pem" 2> /dev/null
openssl ca -batch -selfsign -notext -config "$work/ca.conf" -keyfile "$work/privkey.pem" \
    -startdate "$from" -enddate "$until" -in "$work/request.pem" -out "$work/fullchain.pem" 2> /dev/null
mkdir -p "$folder"
cp "$work/privkey.pem" "$work/fullchain.pem" "$folder/"
