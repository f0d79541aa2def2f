#!/usr/bin/env bash
# ministack (PyPI) 1.5.33 as an S3 server, asked by boto3 1.44.8: RenameObject and UpdateObjectEncryption are taken for PutObject.
#
# Guessed: a server that knows the object annotations of 2026 knows these older operations as well, or answers 501.
# Seen:    RenameObject writes an empty object under the new name and leaves the old one. UpdateObjectEncryption replaces the body by the
#          XML of its own request. Both answer 200.
# Why a user of S3 encryption meets it: UpdateObjectEncryption is how SSE-KMS keys of stored objects are changed without copying them; the
# rehearsal against ministack destroys each object and reports success.
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
s3.create_bucket(Bucket='vault')
s3.put_object(Bucket='vault', Key='old', Body=b'ciphertext')
s3.rename_object(Bucket='vault', Key='new', RenameSource='/vault/old')
print('renamed:', [(entry['Key'], entry['Size']) for entry in s3.list_objects_v2(Bucket='vault')['Contents']])
key = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000'
s3.update_object_encryption(Bucket='vault', Key='old', ObjectEncryption={'SSEKMS': {'KMSKeyArn': key}})
print('body after:', s3.get_object(Bucket='vault', Key='old')['Body'].read().decode()[:17])
print('encryption after:', s3.head_object(Bucket='vault', Key='old').get('ServerSideEncryption'))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='renamed: [('\''new'\'', 0), ('\''old'\'', 10)]
body after: <ObjectEncryption
encryption after: None'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: ministack handles these operations in another way now'; exit 1; }
echo PASS
