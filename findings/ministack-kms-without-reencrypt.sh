#!/usr/bin/env bash
# ministack (PyPI) 1.5.33 as KMS: data keys can be wrapped but not wrapped anew, and there is no limit of 4096 bytes.
#
# Guessed: a KMS that has Encrypt, GenerateDataKeyWithoutPlaintext and RotationPeriodInDays has ReEncrypt and RotateKeyOnDemand, and
#          refuses a plaintext of 4097 bytes.
# Seen:    ReEncrypt, RotateKeyOnDemand and ListKeyRotations are InvalidAction; Encrypt takes 4097 bytes. InvalidAction is a code of query
#          services, none that KMS has.
# Why a user of S3 encryption meets it: a re-key is ReEncrypt on each data key. It cannot be rehearsed, and a client that catches
# UnsupportedOperationException or UnknownOperationException misses it.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv server
python3 -m venv py
server/bin/pip install --quiet --disable-pip-version-check ministack==1.5.33
py/bin/pip install --quiet --disable-pip-version-check boto3==1.44.8 awscrt==0.38.1
port=$(py/bin/python -c "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])")
BIND_HOST=127.0.0.1 GATEWAY_PORT=$port server/bin/ministack >server.log 2>&1 &
server=$!
for _ in $(seq 120); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.5; done

cat >probe.py <<'P'
import boto3, sys
from botocore.config import Config
login = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}), **login)
from botocore.exceptions import ClientError
kms = boto3.client('kms', config=Config(retries={'total_max_attempts': 1}), **login)
key = kms.create_key()['KeyMetadata']['KeyId']
kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
blob = kms.generate_data_key_without_plaintext(KeyId=key, KeySpec='AES_256')['CiphertextBlob']
def ask(name, call):
    try:
        call()
        print(name, 'ok')
    except ClientError as error:
        print(name, error.response['Error']['Code'])
ask('ReEncrypt', lambda: kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key))
ask('RotateKeyOnDemand', lambda: kms.rotate_key_on_demand(KeyId=key))
ask('ListKeyRotations', lambda: kms.list_key_rotations(KeyId=key))
ask('Encrypt 4097 bytes', lambda: kms.encrypt(KeyId=key, Plaintext=b'x' * 4097))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='ReEncrypt InvalidAction
RotateKeyOnDemand InvalidAction
ListKeyRotations InvalidAction
Encrypt 4097 bytes ok'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: ministack has another set of KMS operations now'; exit 1; }
echo PASS
