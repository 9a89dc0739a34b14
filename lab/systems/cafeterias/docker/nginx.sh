#!/bin/sh
# El certificado se crea la primera vez; después, nginx con la configuración de producción.
set -eu

[ -f /etc/nginx/certs/fullchain.pem ] || certificate /etc/nginx/certs
exec nginx -c /etc/nginx/nginx.prod.conf -g 'daemon off;'
