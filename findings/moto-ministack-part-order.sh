#!/usr/bin/env bash
# moto 5.2.5 and ministack 1.5.33 (PyPI): one CompleteMultipartUpload, two different objects.
#
# Guessed: a list of parts that does not ascend is refused with InvalidPartOrder, as S3 does.
# Seen:    both answer 200. moto joins the parts in the order of the list (2, 1), ministack in that of their numbers (1, 2).
# Why a user of S3 encryption meets it: an uploader with several connections, which lists parts as they finish, passes its tests; against
# one server the ciphertext then fails to authenticate, against the other it is right by luck, and S3 refuses it.
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
for name, s3, _ in clients():
    s3.create_bucket(Bucket='vault')
    upload = s3.create_multipart_upload(Bucket='vault', Key='large')['UploadId']
    tags = {number: s3.upload_part(Bucket='vault', Key='large', UploadId=upload, PartNumber=number, Body=str(number).encode() * (5 << 20))['ETag'] for number in (1, 2)}
    s3.complete_multipart_upload(Bucket='vault', Key='large', UploadId=upload, MultipartUpload={'Parts': [{'PartNumber': number, 'ETag': tags[number]} for number in (2, 1)]})
    body = s3.get_object(Bucket='vault', Key='large')['Body'].read()
    print(name, 'begins with part', body[:1].decode(), 'and ends with part', body[-1:].decode())
P
seen=$(py/bin/python probe.py "$first" "$second")
expected='moto begins with part 2 and ends with part 1
ministack begins with part 1 and ends with part 2'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: one of them treats the order of parts in another way now'; exit 1; }
echo PASS
