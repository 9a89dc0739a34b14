#!/bin/bash
# Un certificado para tu-dominio.com, de una autoridad propia con una intermedia:
# `certificate CARPETA [INICIO FIN [NOMBRE]]`, fechas AAAAMMDDHHMMSSZ. La autoridad queda en CARPETA/ca.
set -euo pipefail

folder=$1
from=${2:-$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)}
until=${3:-$(date -u -d '90 days' +%Y%m%d%H%M%SZ)}
name=${4:-tu-dominio.com}
ca=$folder/ca
mkdir -p "$ca"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: > "$work/index"
names="DNS:$name, DNS:www.$name"
# De esta máquina se pregunta por localhost; de otro nombre, por ninguno más.
[ -n "${4:-}" ] || names="$names, DNS:localhost"
cat > "$work/ca.conf" <<END
[req]
distinguished_name = name
prompt = no
[name]
O = Eventos
[ca]
default_ca = own
[own]
new_certs_dir = $work
database = $work/index
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
subjectAltName = $names
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END

# request NOMBRE SUJETO: una clave y su pedido.
request() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -config "$work/ca.conf" \
        -subj "/CN=$2" -keyout "$1.key" -out "$work/request.pem" 2> /dev/null
}
# sign CERTIFICADO EXTENSIONES INICIO FIN OPCIONES...
sign() {
    openssl ca -batch -notext -config "$work/ca.conf" -extensions "$2" -startdate "$3" -enddate "$4" \
        -in "$work/request.pem" -out "$1" "${@:5}" 2> /dev/null
}

if [ ! -f "$ca/intermediate.pem" ]; then
    old=20240101000000Z new=20440101000000Z
    request "$ca/root" "Autoridad de Eventos"
    sign "$ca/root.pem" authority $old $new -selfsign -keyfile "$ca/root.key"
    request "$ca/intermediate" "Intermedia de Eventos"
    sign "$ca/intermediate.pem" authority $old $new -cert "$ca/root.pem" -keyfile "$ca/root.key"
fi
request "$work/privkey" "$name"
sign "$work/cert.pem" server "$from" "$until" -cert "$ca/intermediate.pem" -keyfile "$ca/intermediate.key"
cat "$work/cert.pem" "$ca/intermediate.pem" > "$folder/fullchain.pem"
cat "$work/privkey.key" > "$folder/privkey.pem"
# Lo que los clientes de esta máquina dan por bueno.
cat "$ca/root.pem" > "$folder/root.pem"
