#!/usr/bin/env bash
# Prints the server token, encrypted to a certificate, as base64 of a CMS message (DER).
#
# Encrypting twice gives two different texts. So the sealed token is kept on the host, and printed again while token and
# certificate are the same.
#
# Read by `bash -s` from standard input, after common.sh and lines that set:
#   K3S_TOKEN           the server token
#   ESCROW_CERTIFICATE  X.509 certificate (PEM) of whoever may open it
set -euo pipefail

FOLDER=$ROOT/var/lib/rancher/k3s/server/token-escrow
SEALED=$FOLDER/sealed-token
CONTENT=$FOLDER/content

# digest <salt>: of what is sealed, to whom. printf is part of bash, so that the token is in no list of processes.
digest() {
  printf '%s\n' "$1" "$K3S_TOKEN" "$ESCROW_CERTIFICATE" | sha256sum | cut -d ' ' -f 1
}

is_sealed() {
  local salt sum
  [[ -s $SEALED && -s $CONTENT ]] || return 1
  read -r salt sum <"$CONTENT" || return 1
  [[ $sum == "$(digest "$salt")" ]]
}

seal() {
  local salt certificate=$FOLDER/certificate.pem
  local -a key_options=(-aes256-wrap -keyopt ecdh_kdf_md:sha256)
  mkdir --parents "$FOLDER"
  printf '%s\n' "$ESCROW_CERTIFICATE" >"$certificate"
  openssl x509 -in "$certificate" -noout 2>/dev/null ||
    fail "openssl cannot read cluster.tokenEscrow.certificate: give one X.509 certificate in PEM"
  if openssl x509 -in "$certificate" -noout -text | grep --quiet 'Public Key Algorithm: rsaEncryption'; then
    key_options=(-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256)
  fi
  printf '%s' "$K3S_TOKEN" |
    openssl cms -encrypt -aes-256-gcm -binary -outform DER -out "$SEALED.der" \
      -recip "$certificate" "${key_options[@]}" ||
    fail "openssl cannot encrypt to cluster.tokenEscrow.certificate: use one with an RSA or elliptic curve key"
  base64 --wrap=0 "$SEALED.der" >"$SEALED.new"
  rm -f "$SEALED.der"
  salt=$(openssl rand -hex 16)
  # In this order: a run that ends in between is followed by one that seals again.
  rm -f "$CONTENT"
  mv "$SEALED.new" "$SEALED"
  printf '%s %s\n' "$salt" "$(digest "$salt")" >"$CONTENT"
}

main() {
  has openssl || fail "openssl is missing: install the package openssl"
  is_sealed || seal
  cat "$SEALED"
}

# Not from the script's own input, of which a command could otherwise eat the rest.
main </dev/null
