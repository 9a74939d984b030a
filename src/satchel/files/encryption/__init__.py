"""Field encryption: fields that are encrypted or hashed before they leave the client (extra `encryption`)."""

try:
    from satchel.files.encryption.client import encrypt_fields
    from satchel.files.encryption.hashing import verify
    from satchel.files.encryption.keys import KeyRing
    from satchel.files.encryption.policy import EncryptedFields
    from satchel.files.encryption.rotation import Rotation, rotate, rotate_async
except ModuleNotFoundError as error:
    if error.name in {"argon2", "cryptography"}:
        raise ModuleNotFoundError(
            "field encryption needs: pip install 'satchel[encryption]'", name=error.name
        ) from error
    raise

__all__ = ["EncryptedFields", "KeyRing", "Rotation", "encrypt_fields", "rotate", "rotate_async", "verify"]
