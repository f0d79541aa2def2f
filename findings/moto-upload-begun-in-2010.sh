#!/usr/bin/env bash
# moto (PyPI) 5.2.5: every multipart upload began in November 2010.
#
# Guessed: ListMultipartUploads tells when an upload was created, as ListParts tells of a part.
# Seen:    Initiated is 2010-11-10 for an upload that was created a second ago; LastModified of its part is right.
# Why a user of S3 encryption meets it: encrypting uploads are resumed for days, and what is older is aborted. A cleaner that goes by age
# aborts uploads that are under way.
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
import datetime
s3.create_bucket(Bucket='vault')
upload = s3.create_multipart_upload(Bucket='vault', Key='large')['UploadId']
s3.upload_part(Bucket='vault', Key='large', UploadId=upload, PartNumber=1, Body=b'part')
print('upload:', s3.list_multipart_uploads(Bucket='vault')['Uploads'][0]['Initiated'].date())
part = s3.list_parts(Bucket='vault', Key='large', UploadId=upload)['Parts'][0]['LastModified']
print('part is of today:', datetime.datetime.now(datetime.timezone.utc) - part < datetime.timedelta(minutes=5))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='upload: 2010-11-10
part is of today: True'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: moto dates uploads in another way now'; exit 1; }
echo PASS
