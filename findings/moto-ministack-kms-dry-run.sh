#!/usr/bin/env bash
# moto 5.2.5 and ministack 1.5.33 (PyPI) as KMS: a dry run is a run.
#
# Guessed: a request with DryRun ends in DryRunOperationException, as in KMS, or is refused as unknown.
# Seen:    both ignore DryRun: Decrypt answers with the plaintext of the data key, and GenerateDataKey with a new key.
# Why a user of S3 encryption meets it: a dry run is how a client checks that it may use a key without holding plaintext. Code that takes
# DryRunOperationException for "allowed" says "not allowed" here, and holds a key that it never meant to see.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
servers=
trap 'for server in $servers; do kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv moto
python3 -m venv ministack
python3 -m venv py
moto/bin/pip install --quiet --disable-pip-version-check "moto[server]==5.2.5"
ministack/bin/pip install --quiet --disable-pip-version-check ministack==1.5.33
py/bin/pip install --quiet --disable-pip-version-check boto3==1.44.8
free() { py/bin/python -c "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])"; }
first=$(free) second=$(free)
moto/bin/moto_server -H 127.0.0.1 -p "$first" >moto.log 2>&1 &
servers=$!
BIND_HOST=127.0.0.1 GATEWAY_PORT=$second ministack/bin/ministack >ministack.log 2>&1 &
servers="$servers $!"
for port in "$first" "$second"; do
  for _ in $(seq 120); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.5; done
done

cat >probe.py <<'P'
import boto3, sys
from botocore.config import Config
from botocore.exceptions import ClientError
def clients():
    for name, port in zip(('moto', 'ministack'), sys.argv[1:]):
        login = dict(endpoint_url='http://127.0.0.1:' + port, region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
        config = Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1})
        yield name, boto3.client('s3', config=config, **login), boto3.client('kms', config=config, **login)
for name, _, kms in clients():
    key = kms.create_key()['KeyMetadata']['KeyId']
    blob = kms.encrypt(KeyId=key, Plaintext=b'data key')['CiphertextBlob']
    print(name, 'Decrypt', kms.decrypt(CiphertextBlob=blob, DryRun=True)['Plaintext'], 'GenerateDataKey', len(kms.generate_data_key(KeyId=key, KeySpec='AES_256', DryRun=True)['Plaintext']))
P
seen=$(py/bin/python probe.py "$first" "$second")
expected='moto Decrypt b'\''data key'\'' GenerateDataKey 32
ministack Decrypt b'\''data key'\'' GenerateDataKey 32'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: one of them heeds DryRun now'; exit 1; }
echo PASS
