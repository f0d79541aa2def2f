#!/usr/bin/env bash
# ministack (PyPI) 1.5.33: a copy that replaces metadata replaces only part of it.
#
# Guessed: CopyObject with MetadataDirective REPLACE starts anew: user metadata, Content-Type, Cache-Control and storage class are those of
#          the request or the default.
# Seen:    user metadata is replaced; Content-Type and the storage class of the source stay. The copy of a multipart object also keeps the
#          ETag with "-1", which S3 gives to objects put in parts only.
# Why a user of S3 encryption meets it: a re-key in place copies an object to itself with new envelope metadata. What is not named should
# be reset; here it survives, so a test cannot see that a client forgets to carry it.
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
upload = s3.create_multipart_upload(Bucket='vault', Key='old', Metadata={'key': 'one'}, ContentType='text/csv', StorageClass='STANDARD_IA')['UploadId']
part = s3.upload_part(Bucket='vault', Key='old', UploadId=upload, PartNumber=1, Body=b'x')['ETag']
s3.complete_multipart_upload(Bucket='vault', Key='old', UploadId=upload, MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': part}]})
s3.copy_object(Bucket='vault', Key='new', CopySource='vault/old', MetadataDirective='REPLACE', Metadata={'envelope': 'two'})
head = s3.head_object(Bucket='vault', Key='new')
print(head['Metadata'], head['ContentType'], head.get('StorageClass'), head['ETag'][-3:])
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='{'\''envelope'\'': '\''two'\''} text/csv STANDARD_IA -1"'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: ministack copies in another way now'; exit 1; }
echo PASS
