#!/usr/bin/env bash
# ministack (PyPI) 1.5.33: CRC64NVME of a multipart object is a checksum of checksums.
#
# Guessed: CRC64NVME is always of the full object, since S3 has no composite kind of it, and FULL_OBJECT that was asked for is what comes.
# Seen:    CreateMultipartUpload with ChecksumType FULL_OBJECT answers COMPOSITE; the finished object has a CRC64NVME that ends in "-2" and
#          is not the CRC of its bytes.
# Why a user of S3 encryption meets it: clients compare the full-object CRC that they computed over the ciphertext with what the server
# names, and here no upload in parts matches.
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
import base64
from awscrt import checksums
s3.create_bucket(Bucket='vault')
parts, done = [b'a' * (5 << 20), b'b'], []
created = s3.create_multipart_upload(Bucket='vault', Key='large', ChecksumAlgorithm='CRC64NVME', ChecksumType='FULL_OBJECT')
for number, body in enumerate(parts, 1):
    part = s3.upload_part(Bucket='vault', Key='large', UploadId=created['UploadId'], PartNumber=number, Body=body, ChecksumAlgorithm='CRC64NVME')
    done.append({'PartNumber': number, 'ETag': part['ETag'], 'ChecksumCRC64NVME': part['ChecksumCRC64NVME']})
s3.complete_multipart_upload(Bucket='vault', Key='large', UploadId=created['UploadId'], MultipartUpload={'Parts': done})
head = s3.head_object(Bucket='vault', Key='large', ChecksumMode='ENABLED')
full = base64.b64encode(checksums.crc64nvme(b''.join(parts)).to_bytes(8, 'big')).decode()
print('asked FULL_OBJECT, answered', created['ChecksumType'])
print('object:', head['ChecksumType'], 'suffix', head['ChecksumCRC64NVME'][-2:], 'is the CRC of the bytes:', head['ChecksumCRC64NVME'].startswith(full))
P
seen=$(py/bin/python probe.py "http://127.0.0.1:$port")
expected='asked FULL_OBJECT, answered COMPOSITE
object: COMPOSITE suffix -2 is the CRC of the bytes: False'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'CHANGED: ministack computes CRC64NVME in another way now'; exit 1; }
echo PASS
