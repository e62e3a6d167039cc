"""SNMPv3 users in pysnmp's words.

A row of the table is: name, digest, its password, cipher, its password, separated by tabs; what a user has not got is empty.
"""

from pysnmp.entity import config

DIGESTS = {
    "md5": config.USM_AUTH_HMAC96_MD5,
    "sha1": config.USM_AUTH_HMAC96_SHA,
    "sha224": config.USM_AUTH_HMAC128_SHA224,
    "sha256": config.USM_AUTH_HMAC192_SHA256,
    "sha384": config.USM_AUTH_HMAC256_SHA384,
    "sha512": config.USM_AUTH_HMAC384_SHA512,
}
CIPHERS = {
    "des": config.USM_PRIV_CBC56_DES,
    "aes128": config.USM_PRIV_CFB128_AES,
    "aes192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "aes256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "aes192c": config.USM_PRIV_CFB192_AES,
    "aes256c": config.USM_PRIV_CFB256_AES,
}


def read(row):
    """The name in a row of the table, and the arguments that say how the user is protected."""
    name, digest, auth_password, cipher, privacy_password = row.rstrip("\n").split("\t")
    protection = {}
    if digest:
        protection.update(authKey=auth_password, authProtocol=DIGESTS[digest])
    if cipher:
        protection.update(privKey=privacy_password, privProtocol=CIPHERS[cipher])
    return name, protection
