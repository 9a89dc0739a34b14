#!/bin/sh
# El certificado se crea la primera vez; después, nginx con la configuración de producción.
set -eu

[ -f /etc/nginx/ssl/fullchain.pem ] || certificate /etc/nginx/ssl
exec nginx -c /etc/nginx/eventos.conf -g 'daemon off;'
