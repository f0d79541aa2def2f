"""An ordinary boto3 program against an S3 server: it asserts what Amazon S3 would answer.

Server and credentials come from AWS's environment variables, the KMS key from the first argument.
"""

import hashlib
import os
import sys
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = "boto3-bucket"
KMS_KEY = sys.argv[1]
MIB = 1024 * 1024

s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


def refused(code, call, **arguments):
    """Asserts that a call fails with S3's code."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, (code, error.response)
        return error
    raise AssertionError(f"{call.__name__} was not refused with {code}")


def body(**arguments):
    return s3.get_object(Bucket=BUCKET, **arguments)["Body"].read()


def buckets():
    s3.create_bucket(Bucket=BUCKET)
    assert BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=BUCKET)
    refused("404", s3.head_bucket, Bucket="no-such-bucket-here")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="no-such-bucket-here")


def put_get_head():
    content = os.urandom(70_000)
    stored = s3.put_object(
        Bucket=BUCKET, Key="a/one ü+%.bin", Body=content, Metadata={"colour": "blue"}, ContentType="image/png"
    )
    assert stored["ServerSideEncryption"] == "AES256"
    head = s3.head_object(Bucket=BUCKET, Key="a/one ü+%.bin")
    assert head["ContentLength"] == len(content)
    assert head["Metadata"] == {"colour": "blue"}
    assert head["ContentType"] == "image/png"
    assert head["ETag"] == stored["ETag"]
    assert body(Key="a/one ü+%.bin") == content
    assert body(Key="a/one ü+%.bin", Range="bytes=65530-65545") == content[65530:65546]
    assert body(Key="a/one ü+%.bin", Range="bytes=-5") == content[-5:]
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="nothing")
    refused("PreconditionFailed", s3.get_object, Bucket=BUCKET, Key="a/one ü+%.bin", IfMatch='"0"')
    refused("304", s3.get_object, Bucket=BUCKET, Key="a/one ü+%.bin", IfNoneMatch=stored["ETag"])
    refused("PreconditionFailed", s3.put_object, Bucket=BUCKET, Key="a/one ü+%.bin", Body=b"", IfNoneMatch="*")
    refused("InvalidRange", s3.get_object, Bucket=BUCKET, Key="a/one ü+%.bin", Range="bytes=70000-")


def checksums():
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        s3.put_object(Bucket=BUCKET, Key="sum", Body=b"hello", ChecksumAlgorithm=algorithm)
        head = s3.head_object(Bucket=BUCKET, Key="sum", ChecksumMode="ENABLED")
        assert head[f"Checksum{algorithm}"], head
    refused("BadDigest", s3.put_object, Bucket=BUCKET, Key="sum", Body=b"hello", ChecksumCRC32="AAAAAA==")


def copies():
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "a/one ü+%.bin"})
    assert body(Key="copy") == body(Key="a/one ü+%.bin")
    assert s3.head_object(Bucket=BUCKET, Key="copy")["Metadata"] == {"colour": "blue"}
    s3.copy_object(
        Bucket=BUCKET,
        Key="copy",
        CopySource={"Bucket": BUCKET, "Key": "copy"},
        MetadataDirective="REPLACE",
        Metadata={"colour": "red"},
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=KMS_KEY,
    )
    head = s3.head_object(Bucket=BUCKET, Key="copy")
    assert head["Metadata"] == {"colour": "red"}
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"].endswith(KMS_KEY)
    assert body(Key="copy") == body(Key="a/one ü+%.bin")


def customer_keys():
    key = os.urandom(32)
    with_key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
    s3.put_object(Bucket=BUCKET, Key="customer", Body=b"mine alone", **with_key)
    assert body(Key="customer", **with_key) == b"mine alone"
    refused("400", s3.head_object, Bucket=BUCKET, Key="customer")
    refused("InvalidRequest", s3.get_object, Bucket=BUCKET, Key="customer")
    wrong = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    refused("AccessDenied", s3.get_object, Bucket=BUCKET, Key="customer", **wrong)
    source = {
        "CopySource": {"Bucket": BUCKET, "Key": "customer"},
        "CopySourceSSECustomerAlgorithm": "AES256",
        "CopySourceSSECustomerKey": key,
    }
    s3.copy_object(Bucket=BUCKET, Key="customer copy", **source)
    assert body(Key="customer copy") == b"mine alone"


def multipart():
    content = os.urandom(17 * MIB)
    config = TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB, max_concurrency=4)
    with open("boto3-multipart.bin", "wb") as file:
        file.write(content)
    s3.upload_file("boto3-multipart.bin", BUCKET, "multipart", Config=config)
    assert s3.head_object(Bucket=BUCKET, Key="multipart")["ETag"].strip('"').endswith("-3")
    s3.download_file(BUCKET, "multipart", "boto3-back.bin", Config=config)
    with open("boto3-back.bin", "rb") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(content).digest()
    assert body(Key="multipart", PartNumber=3) == content[16 * MIB :]

    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", ServerSideEncryption="aws:kms")["UploadId"]
    copied = s3.upload_part_copy(
        Bucket=BUCKET,
        Key="parts",
        UploadId=upload,
        PartNumber=1,
        CopySource={"Bucket": BUCKET, "Key": "multipart"},
        CopySourceRange=f"bytes=0-{6 * MIB - 1}",
    )["CopyPartResult"]["ETag"]
    sent = s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=2, Body=b"end")["ETag"]
    listed = s3.list_parts(Bucket=BUCKET, Key="parts", UploadId=upload)["Parts"]
    assert [part["Size"] for part in listed] == [6 * MIB, 3]
    assert upload in [entry["UploadId"] for entry in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]]
    parts = [{"PartNumber": 1, "ETag": copied}, {"PartNumber": 2, "ETag": sent}]
    backwards = {"Parts": list(reversed(parts))}
    refused(
        "InvalidPartOrder",
        s3.complete_multipart_upload,
        Bucket=BUCKET,
        Key="parts",
        UploadId=upload,
        MultipartUpload=backwards,
    )
    s3.complete_multipart_upload(Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    assert body(Key="parts") == content[: 6 * MIB] + b"end"

    abandoned = s3.create_multipart_upload(Bucket=BUCKET, Key="abandoned")["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="abandoned", UploadId=abandoned, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket=BUCKET, Key="abandoned", UploadId=abandoned)
    refused("NoSuchUpload", s3.list_parts, Bucket=BUCKET, Key="abandoned", UploadId=abandoned)


def listings():
    for number in range(25):
        s3.put_object(Bucket=BUCKET, Key=f"list/{number % 5}/{number:03}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 7}
    )
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    assert keys == sorted(keys) and len(keys) == 25
    folders = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", Delimiter="/")
    assert [folder["Prefix"] for folder in folders["CommonPrefixes"]] == [f"list/{number}/" for number in range(5)]
    assert folders["KeyCount"] == 5 and "Contents" not in folders
    old = s3.list_objects(Bucket=BUCKET, Prefix="list/", MaxKeys=3)
    assert old["IsTruncated"] and len(old["Contents"]) == 3
    after = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", StartAfter=keys[20])
    assert [entry["Key"] for entry in after["Contents"]] == keys[21:]


def versions():
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=BUCKET, Key="versioned", Body=b"first")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="versioned", Body=b"second")
    marker = s3.delete_object(Bucket=BUCKET, Key="versioned")
    assert marker["DeleteMarker"] is True
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="versioned")
    assert body(Key="versioned", VersionId=first) == b"first"
    listed = s3.list_object_versions(Bucket=BUCKET, Prefix="versioned")
    assert len(listed["Versions"]) == 2 and len(listed["DeleteMarkers"]) == 1
    s3.delete_object(Bucket=BUCKET, Key="versioned", VersionId=marker["VersionId"])
    assert body(Key="versioned") == b"second"


def tags():
    s3.put_object(Bucket=BUCKET, Key="tagged", Body=b"", Tagging="a=1&b=two%20words")
    assert {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"]} == {
        "a": "1",
        "b": "two words",
    }
    s3.put_object_tagging(Bucket=BUCKET, Key="tagged", Tagging={"TagSet": [{"Key": "c", "Value": "3"}]})
    assert s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"] == [{"Key": "c", "Value": "3"}]
    s3.delete_object_tagging(Bucket=BUCKET, Key="tagged")
    assert s3.get_object_tagging(Bucket=BUCKET, Key="tagged")["TagSet"] == []


def default_encryption():
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert s3.put_object(Bucket=BUCKET, Key="by default", Body=b"x")["ServerSideEncryption"] == "aws:kms"
    rules = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    blocked = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [blocked]})
    with_key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
    error = refused("AccessDenied", s3.put_object, Bucket=BUCKET, Key="blocked", Body=b"x", **with_key)
    assert "SSE-C" in error.response["Error"]["Message"]
    s3.delete_bucket_encryption(Bucket=BUCKET)
    assert s3.put_object(Bucket=BUCKET, Key="by default", Body=b"x")["ServerSideEncryption"] == "AES256"


def presigned():
    presigned_by("s3v4")
    presigned_by("s3")


def presigned_by(signature_version):
    """Signature Version 4, and 2, which boto3 still takes for links in us-east-1 unless told."""
    s3 = boto3.client("s3", config=Config(signature_version=signature_version, s3={"addressing_style": "path"}))
    put = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "presigned"}, ExpiresIn=60)
    # Version 2 signs the content type, and urllib would send one of its own.
    upload = urllib.request.Request(put, data=b"through a link", method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(upload) as answer:
        assert answer.status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "presigned"}, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"through a link"
    try:
        urllib.request.urlopen(get.replace("presigned?", "tagged?"))
        raise AssertionError("a link for one object opened another")
    except urllib.error.HTTPError as error:
        assert error.code == 403


def deletions():
    keys = [{"Key": f"list/{number % 5}/{number:03}"} for number in range(25)] + [{"Key": "never there"}]
    answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
    assert len(answer["Deleted"]) == 26 and "Errors" not in answer
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=BUCKET)
    everything = s3.list_object_versions(Bucket=BUCKET)
    for entry in everything.get("Versions", []) + everything.get("DeleteMarkers", []):
        s3.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)


STEPS = [
    buckets,
    put_get_head,
    checksums,
    copies,
    customer_keys,
    multipart,
    listings,
    versions,
    tags,
    default_encryption,
    presigned,
    deletions,
]
for step in STEPS:
    try:
        step()
    except Exception as error:
        raise SystemExit(f"{step.__name__}, line {error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else '?'}: {error!r}")
    print(step.__name__)
