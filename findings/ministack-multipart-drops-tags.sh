#!/usr/bin/env bash
# ministack (PyPI) 1.5.33: tags given to CreateMultipartUpload are lost.
#
# Guessed: tags of CreateMultipartUpload stand on the finished object, as those of PutObject do; the storage class does.
# Seen:    PutObject keeps its tags, but HEAD does not count them (no x-amz-tagging-count); of a multipart object the tags are gone, while
#          its storage class and metadata are kept.
# Why a user of S3 encryption meets it: key or custody tags decide which objects a rule or a policy covers. Small files are covered,
# large ones are not, with no error.
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
s3.put_object(Bucket='vault', Key='small', Body=b'x', Tagging='key=one', StorageClass='STANDARD_IA')
upload = s3.create_multipart_upload(Bucket='vault', Key='large', Tagging='key=one', StorageClass='STANDARD_IA')['UploadId']
part = s3.upload_part(Bucket='vault', Key='large', UploadId=upload, PartNumber=1, Body=b'x')['ETag']
s3.complete_multipart_upload(Bucket='vault', Key='large', UploadId=upload, MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': part}]})
for key in ('small', 'large'):
    head = s3.head_object(Bucket='vault', Key=key)
    print(key, 'tags', len(s3.get_object_tagging(Bucket='vault', Key=key)['TagSet']), 'counted', head.get('TagCount'), head.get('StorageClass'))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='small tags 1 counted None STANDARD_IA
large tags 0 counted None STANDARD_IA'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: ministack treats tags in another way now'; exit 1; }
echo PASS
