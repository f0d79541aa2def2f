#!/usr/bin/env bash
# moto (PyPI) 5.2.5: CopyObject ignores If-None-Match.
#
# Guessed: a server that enforces If-None-Match: * on PutObject and CompleteMultipartUpload does so on CopyObject, as S3 does since 2025.
# Seen:    PutObject and CompleteMultipartUpload answer 412; CopyObject with the same header replaces the object and answers 200.
# Why a user of S3 encryption meets it: a rename or a re-key copies an object to a name that has to be free. Here the copy replaces
# what another client wrote there in the meantime.
# Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check "moto[server]==5.2.5" boto3==1.44.8 awscrt==0.38.1
port=$(py/bin/python -c "import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])")
py/bin/moto_server -H 127.0.0.1 -p "$port" >server.log 2>&1 &
server=$!
for _ in $(seq 120); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.5; done

cat >probe.py <<'P'
import boto3, sys
from botocore.config import Config
login = dict(endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}), **login)
from botocore.exceptions import ClientError
s3.create_bucket(Bucket='vault')
s3.put_object(Bucket='vault', Key='source', Body=b'copied')
def attempt(name, write):
    s3.put_object(Bucket='vault', Key='kept', Body=b'first')
    try:
        write()
        answer = 200
    except ClientError as error:
        answer = error.response['ResponseMetadata']['HTTPStatusCode']
    print(name, answer, s3.get_object(Bucket='vault', Key='kept')['Body'].read().decode())
def complete():
    upload = s3.create_multipart_upload(Bucket='vault', Key='kept')['UploadId']
    part = s3.upload_part(Bucket='vault', Key='kept', UploadId=upload, PartNumber=1, Body=b'second')['ETag']
    s3.complete_multipart_upload(Bucket='vault', Key='kept', UploadId=upload, IfNoneMatch='*', MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': part}]})
attempt('PutObject', lambda: s3.put_object(Bucket='vault', Key='kept', Body=b'second', IfNoneMatch='*'))
attempt('CompleteMultipartUpload', complete)
attempt('CopyObject', lambda: s3.copy_object(Bucket='vault', Key='kept', CopySource='vault/source', IfNoneMatch='*'))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='PutObject 412 first
CompleteMultipartUpload 412 first
CopyObject 200 copied'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: moto treats If-None-Match in another way now'; exit 1; }
echo PASS
