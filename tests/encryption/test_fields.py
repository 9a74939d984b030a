"""Encrypted fields: a client that encrypts sees what one that does not would see, and the file shows none of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pymongo
import pytest
from bson import Binary, Decimal128, Int64, Regex
from pymongo import DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import ConfigurationError, DuplicateKeyError, EncryptionError, InvalidOperation
from pymongo.synchronous import encryption as pymongos

from satchel import AsyncMongoClient, MongoClient
from satchel.files.encryption import EncryptedFields, KeyRing, encrypt_fields, verify
from satchel.files.encryption.client import Encrypter, encrypters_of
from satchel.files.encryption.commands import decrypt_reply

RING: Final = KeyRing({"one": bytes(range(32))})
SHOP: Final = EncryptedFields(
    encrypt=["name", "address", "contacts.phone", "tags"],
    deterministic=["email", "ids", "orders.code"],
    hash=["password"],
    hash_algorithm="sha256",
)
SECRETS: Final = ["Ada", "Byron", "Street", "5550", "red", "blue", "green", "@example.com", "CODE"]
PEOPLE: Final = [
    {
        "_id": 1,
        "name": "Ada",
        "email": "ada@example.com",
        "address": {"street": "Street 1", "zip": 1},
        "contacts": [{"kind": "home", "phone": "55501"}, {"kind": "work", "phone": "55502"}],
        "tags": ["red", "blue"],
        "ids": [1, 2],
        "orders": [{"code": "CODE1", "n": 1}],
        "age": 36,
    },
    {"_id": 2, "name": "Byron", "email": "byron@example.com", "contacts": {"phone": "55503"}, "tags": "red", "ids": 2},
    {"_id": 3, "name": None, "email": None, "tags": [], "age": 1, "orders": [{"code": "CODE2"}, {"n": 2}]},
    {"_id": 4, "age": 36},
]

Collection = pymongo.collection.Collection[dict[str, Any]]
Work = Callable[[Collection], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.db"


@pytest.fixture
def client(path: Path) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](path) as client:
        encrypt_fields(client, RING, {"app.users": SHOP})
        yield client


@pytest.fixture
def users(client: MongoClient[dict[str, Any]]) -> Collection:
    client.app.users.insert_many(PEOPLE)
    client.app.plain.insert_many(PEOPLE)
    return client.app.users


@pytest.fixture
def stored(users: Collection, path: Path) -> Iterator[Collection]:
    """What another client sees."""
    with MongoClient[dict[str, Any]](path) as other:
        yield other.app.users


def check_nothing_is_plain(stored: Collection) -> None:
    text = repr(list(stored.find()))
    assert [secret for secret in SECRETS if secret in text] == []
    assert "Binary" in text


class TestReading:
    def test_everything_comes_back_and_nothing_is_stored_plain(self, users: Collection, stored: Collection) -> None:
        assert list(users.find()) == PEOPLE
        check_nothing_is_plain(stored)
        assert stored.find_one({"_id": 3}) == PEOPLE[2] | {
            "orders": [{"code": stored.find_one({"_id": 3})["orders"][0]["code"]}, {"n": 2}]
        }  # type: ignore[index]

    @pytest.mark.parametrize(
        "filter_",
        [
            {"email": "ada@example.com"},
            {"email": {"$eq": "byron@example.com"}},
            {"email": {"$ne": "ada@example.com"}},
            {"email": {"$in": ["ada@example.com", None, "nobody"]}},
            {"email": {"$nin": ["ada@example.com", None]}},
            {"email": {"$not": {"$eq": "ada@example.com"}}},
            {"email": {"$not": {"$in": ["ada@example.com"]}}},
            {"email": None},
            {"email": {"$exists": True, "$ne": None}},
            {"name": None},
            {"name": {"$exists": False}},
            {"tags": {"$size": 2}},
            {"ids": 2},
            {"ids": Int64(1)},
            {"ids": {"$in": [1, 7]}},
            {"ids": {"$elemMatch": {"$in": [2]}}},
            {"$or": [{"email": "ada@example.com"}, {"age": 1}]},
            {"$and": [{"email": "ada@example.com"}, {"age": 36}]},
            {"$nor": [{"email": "ada@example.com"}, {"ids": 2}]},
            {"orders.code": "CODE2"},
            {"orders": {"$elemMatch": {"code": "CODE1", "n": 1}}},
            {"orders": {"$elemMatch": {"code": "CODE1", "n": 2}}},
            {"orders": {"$size": 2}},
            {"orders.0.code": "CODE1"},
            {"age": {"$gt": 1}, "email": {"$ne": "byron@example.com"}},
            {"$expr": {"$gt": ["$age", 1]}},
            {"$comment": "hello", "email": "ada@example.com"},
        ],
    )
    def test_filters_find_the_same(self, users: Collection, filter_: dict[str, Any]) -> None:
        plain = users.database.plain
        assert list(users.find(filter_)) == list(plain.find(filter_))
        assert users.find_one(filter_) == plain.find_one(filter_)
        assert users.count_documents(filter_) == plain.count_documents(filter_)
        assert list(users.aggregate([{"$match": filter_}])) == list(plain.aggregate([{"$match": filter_}]))

    @pytest.mark.parametrize(
        "filter_",
        [
            {"name": "Ada"},
            {"name": {"$ne": "Ada"}},
            {"name": {"$in": ["Ada"]}},
            {"email": {"$gt": "a"}},
            {"email": Regex("^a")},
            {"email": {"$regex": "^a"}},
            {"email": {"$in": [Regex("^a")]}},
            {"email": {"$type": "string"}},
            {"email": 1.5},
            {"email": {"$not": Regex("a")}},
            {"password": "secret"},
            {"address.street": "Street 1"},
            {"address": {"street": "Street 1", "zip": 1}},
            {"contacts.phone": "55501"},
            {"contacts": {"$elemMatch": {"phone": "55501"}}},
            {"contacts": {"kind": "home", "phone": "55501"}},
            {"orders": {"code": "CODE1"}},
            {"$or": [{"age": 1}, {"name": "Ada"}]},
            {"$expr": {"$eq": ["$name", "Ada"]}},
            {"$expr": {"$eq": ["$$ROOT", 1]}},
            {"$expr": {"$eq": ["$address.zip", 1]}},
            {"$where": "true"},
            {"$jsonSchema": {}},
        ],
    )
    def test_filters_that_ciphertexts_cannot_answer(self, users: Collection, filter_: dict[str, Any]) -> None:
        for call in (users.find_one, users.count_documents, users.delete_one, lambda f: users.distinct("age", f)):
            with pytest.raises(InvalidOperation):
                call(filter_)
        with pytest.raises(InvalidOperation):
            users.update_one(filter_, {"$set": {"age": 2}})
        with pytest.raises(InvalidOperation):
            list(users.aggregate([{"$match": filter_}]))
        assert list(users.find()) == PEOPLE

    def test_a_collation_cannot_be_applied_to_ciphertexts(self, users: Collection) -> None:
        ignoring_case = {"locale": "en", "strength": 2}
        for filter_ in ({"email": "ADA@example.com"}, {"orders": {"$elemMatch": {"code": "CODE1"}}}):
            for call in (
                users.find_one,
                users.delete_many,
                lambda f, **kwargs: list(users.aggregate([{"$match": f}], **kwargs)),
            ):
                with pytest.raises(InvalidOperation):
                    call(filter_, collation=ignoring_case)
            with pytest.raises(InvalidOperation):
                users.update_one(filter_, {"$set": {"age": 1}}, collation=ignoring_case)
        assert users.find_one({"age": 36}, collation=ignoring_case) == PEOPLE[0]
        assert users.find_one({"email": "ada@example.com"}, collation={"locale": "simple"}) == PEOPLE[0]

    def test_cursors_and_projections(self, users: Collection) -> None:
        plain = users.database.plain
        for projection in ({"name": 1}, {"_id": 0, "contacts.phone": 1}, {"address": 0}, {"tags": {"$slice": 1}}):
            assert list(users.find({}, projection)) == list(plain.find({}, projection))
        assert list(users.find().sort("age", -1).batch_size(1)) == list(plain.find().sort("age", -1))
        assert users.distinct("email") == plain.distinct("email")
        assert users.distinct("ids") == plain.distinct("ids")
        for refused in ({"address.zip": 1}, {"x": "$name"}, {"x": {"$toUpper": "$email"}}):
            with pytest.raises(InvalidOperation):
                users.find_one({}, refused)
        for field in ("name", "email", "address.zip"):
            with pytest.raises(InvalidOperation):
                users.find_one(sort=[(field, 1)])
        with pytest.raises(InvalidOperation):
            users.distinct("name")

    @pytest.mark.parametrize(
        "pipeline",
        [
            [{"$sort": {"age": 1, "_id": 1}}, {"$limit": 2}, {"$project": {"name": 1, "contacts": 1}}],
            [{"$unwind": "$tags"}, {"$addFields": {"older": {"$add": ["$age", 1]}}}],
            [{"$unset": "address"}, {"$match": {"email": "ada@example.com"}}],
            [{"$group": {"_id": "$age", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}],
            [{"$lookup": {"from": "plain2", "localField": "age", "foreignField": "age", "as": "same"}}],
        ],
    )
    def test_pipelines_that_pass_fields_on(self, users: Collection, pipeline: list[dict[str, Any]]) -> None:
        assert list(users.aggregate(pipeline)) == list(users.database.plain.aggregate(pipeline))

    @pytest.mark.parametrize(
        "pipeline",
        [
            [{"$group": {"_id": "$email"}}],
            [{"$group": {"_id": None, "names": {"$push": "$name"}}}],
            [{"$group": {"_id": None, "all": {"$push": "$$ROOT"}}}],
            [{"$project": {"mail": "$email"}}],
            [{"$addFields": {"email": "x"}}],
            [{"$sort": {"email": 1}}],
            [{"$replaceRoot": {"newRoot": "$address"}}],
            [{"$out": "copy"}],
            [{"$merge": {"into": "copy"}}],
            [{"$facet": {"all": []}}],
            [{"$lookup": {"from": "users", "localField": "age", "foreignField": "age", "as": "same"}}],
            [{"$project": {"x": {"$getField": "email"}}}],
        ],
    )
    def test_pipelines_that_look_inside(self, users: Collection, pipeline: list[dict[str, Any]]) -> None:
        with pytest.raises(InvalidOperation):
            list(users.aggregate(pipeline))

    def test_others_cannot_write_past_the_encrypter(self, users: Collection) -> None:
        for stage in ({"$out": "users"}, {"$merge": "users"}, {"$merge": {"into": {"db": "app", "coll": "users"}}}):
            for collection in (users.database.plain, users.database.client.other.things):
                if collection.database.name == "other" and stage != {
                    "$merge": {"into": {"db": "app", "coll": "users"}}
                }:
                    continue
                with pytest.raises(InvalidOperation):
                    list(collection.aggregate([stage]))
        with pytest.raises(InvalidOperation):
            users.rename("elsewhere")
        with pytest.raises(InvalidOperation):
            users.database.plain.rename("users")
        with pytest.raises(InvalidOperation):
            users.database.client.bulk_write([InsertOne({"name": "Ada"}, namespace="app.users")])
        with pytest.raises(InvalidOperation):
            users.database.command("mapReduce", "users")


UPDATES: Final[dict[str, Work]] = {
    "$set": lambda c: c.update_one({"_id": 1}, {"$set": {"name": "Eve", "contacts.0.phone": "55509", "age": 5}}),
    "$set a document": lambda c: c.update_one({"_id": 1}, {"$set": {"orders": [{"code": "CODE9"}, {"n": 1}]}}),
    "$set an element": lambda c: c.update_one({"_id": 1}, {"$set": {"tags.0": "green", "ids.1": 9}}),
    "$set by $": lambda c: c.update_one({"orders.code": "CODE1"}, {"$set": {"orders.$.code": "CODE7"}}),
    "$set by $[]": lambda c: c.update_one({"_id": 1}, {"$set": {"contacts.$[].phone": "55507"}}),
    "$set by $[x]": lambda c: c.update_one(
        {"_id": 1}, {"$set": {"contacts.$[x].phone": "55507"}}, array_filters=[{"x.kind": "work"}]
    ),
    "$set by $[x] on a field": lambda c: c.update_one(
        {"_id": 1}, {"$set": {"orders.$[x].code": "CODE8"}}, array_filters=[{"x.code": "CODE1"}]
    ),
    "$setOnInsert": lambda c: c.update_one({"_id": 9}, {"$setOnInsert": {"name": "Ada", "ids": [1]}}, upsert=True),
    "$push": lambda c: c.update_one({"_id": 1}, {"$push": {"tags": "green", "contacts": {"phone": "55504"}}}),
    "$push $each": lambda c: c.update_one(
        {"_id": 1}, {"$push": {"tags": {"$each": ["green", "red"], "$position": 0, "$slice": 3}, "ids": 3}}
    ),
    "$push $sort": lambda c: c.update_one({"_id": 1}, {"$push": {"contacts": {"$each": [], "$sort": {"kind": -1}}}}),
    "$addToSet": lambda c: c.update_one({"_id": 1}, {"$addToSet": {"ids": {"$each": [2, 5]}}}),
    "$pull": lambda c: c.update_many({"ids": {"$size": 2}}, {"$pull": {"ids": 2, "orders": {"code": "CODE1"}}}),
    "$pull $in": lambda c: c.update_one({"_id": 1}, {"$pull": {"ids": {"$in": [1, 9]}}}),
    "$pullAll": lambda c: c.update_one({"_id": 1}, {"$pullAll": {"ids": [1]}}),
    "$pop, $unset, $inc": lambda c: c.update_one(
        {"_id": 1}, {"$pop": {"tags": 1}, "$unset": {"address": 1, "contacts.1.phone": 1}, "$inc": {"age": 1}}
    ),
    "a pipeline elsewhere": lambda c: c.update_many(
        {}, [{"$set": {"older": {"$add": ["$age", 1]}}}, {"$unset": "name"}]
    ),
    "upsert from the filter": lambda c: (
        c.update_one(
            {"email": "new@example.com", "ids": 7, "age": 2}, {"$set": {"name": "Eve"}}, upsert=True
        ).matched_count
    ),
    "replace": lambda c: c.replace_one({"_id": 1}, {"name": "Eve", "tags": ["green"], "email": "eve@example.com"}),
    "replace, upsert": lambda c: c.replace_one(
        {"_id": 9}, {"name": "Eve", "address": {"street": "Street"}}, upsert=True
    ),
    "find_one_and_update": lambda c: c.find_one_and_update({"email": "ada@example.com"}, {"$set": {"name": "Eve"}}),
    "find_one_and_update, after": lambda c: c.find_one_and_update(
        {"ids": 2}, {"$push": {"ids": 8}}, sort=[("_id", 1)], return_document=True, projection={"ids": 1, "name": 1}
    ),
    "find_one_and_replace": lambda c: c.find_one_and_replace({"_id": 2}, {"name": "Eve"}, return_document=True),
    "find_one_and_delete": lambda c: c.find_one_and_delete({"email": "ada@example.com"}),
    "delete": lambda c: c.delete_many({"ids": 2}).deleted_count,
    "bulk_write": lambda c: (
        c.bulk_write(
            [
                InsertOne({"_id": 10, "name": "Eve", "tags": ["red"]}),
                UpdateOne({"email": "ada@example.com"}, {"$set": {"name": "Eve"}}),
                UpdateMany({}, {"$push": {"contacts2": 1}}),
                ReplaceOne({"_id": 4}, {"email": "four@example.com"}),
                UpdateOne({"email": "five@example.com"}, {"$set": {"_id": 5}}, upsert=True),
                DeleteOne({"ids": 1}),
            ]
        ).bulk_api_result
    ),
    "insert_many": lambda c: c.insert_many([{"_id": n, "name": "Ada", "ids": n} for n in range(20, 30)]).inserted_ids,
}


class TestWriting:
    @pytest.mark.parametrize("name", UPDATES)
    def test_the_outcome_is_the_same(self, users: Collection, stored: Collection, name: str) -> None:
        plain = users.database.plain
        results = [UPDATES[name](collection) for collection in (users, plain)]
        if not isinstance(results[0], pymongo.results.UpdateResult):
            assert results[0] == results[1]
        without_new_ids = {"_id": {"$type": "number"}}
        assert list(users.find(without_new_ids)) == list(plain.find(without_new_ids))
        assert users.count_documents({}) == plain.count_documents({})
        new = {"_id": {"$not": {"$type": "number"}}}
        assert list(users.find(new, {"_id": 0})) == list(plain.find(new, {"_id": 0}))
        check_nothing_is_plain(stored)

    @pytest.mark.parametrize(
        "update",
        [
            {"$inc": {"email": 1}},
            {"$mul": {"ids": 2}},
            {"$min": {"name": "A"}},
            {"$max": {"email": "z"}},
            {"$bit": {"ids": {"or": 1}}},
            {"$currentDate": {"name": True}},
            {"$rename": {"name": "title"}},
            {"$rename": {"title": "name"}},
            {"$rename": {"contacts": "people"}},
            {"$set": {"address.street": "Street 2"}},
            {"$unset": {"address.street": 1}},
            {"$addToSet": {"tags": "red"}},
            {"$addToSet": {"contacts": {"phone": "55501"}}},
            {"$pull": {"tags": "red"}},
            {"$pull": {"contacts": {"phone": "55501"}}},
            {"$pullAll": {"tags": ["red"]}},
            {"$push": {"ids": {"$each": [1], "$sort": 1}}},
            {"$push": {"orders": {"$each": [], "$sort": {"code": 1}}}},
            {"$set": {"email": 1.5}},
            {"$set": {"email": Decimal128("1")}},
            {"$set": {"email": {"a": 1}}},
            {"$set": {"password": 7}},
            [{"$set": {"name": "Eve"}}],
            [{"$set": {"title": "$name"}}],
            [{"$replaceWith": {"a": 1}}],
        ],
    )
    def test_updates_that_would_compute(self, users: Collection, update: Any) -> None:
        for call in (users.update_one, users.find_one_and_update):
            with pytest.raises(InvalidOperation):
                call({"_id": 1}, update)
        with pytest.raises(InvalidOperation):
            users.bulk_write([UpdateOne({"_id": 1}, update)])
        assert list(users.find()) == PEOPLE

    def test_unacknowledged_writes_are_encrypted(self, users: Collection, stored: Collection) -> None:
        hasty = users.with_options(write_concern=pymongo.WriteConcern(w=0))
        hasty.insert_one({"_id": 100, "name": "Ada"})
        hasty.bulk_write([InsertOne({"_id": 101, "name": "Ada"}), UpdateOne({"_id": 4}, {"$set": {"name": "Ada"}})])
        hasty.bulk_write([UpdateOne({"_id": 3}, {"$set": {"name": "Ada"}})], ordered=False)
        check_nothing_is_plain(stored)
        assert users.count_documents({"name": {"$exists": True, "$ne": None}}) == 6

    def test_indexes(self, users: Collection) -> None:
        users.create_index("email", unique=True, sparse=True)
        with pytest.raises(DuplicateKeyError):
            users.insert_one({"email": "ada@example.com"})
        assert (
            users.find({"email": "ada@example.com"}).explain()["queryPlanner"]["winningPlan"]["inputStage"]["stage"]
            == "IXSCAN"
        )
        for key in ("name", "address.zip", "contacts.phone", "password"):
            with pytest.raises(InvalidOperation):
                users.create_index(key)

    def test_a_whole_database(self, path: Path) -> None:
        with MongoClient[dict[str, Any]](path) as client, MongoClient[dict[str, Any]](path) as other:
            fields = {"hr": EncryptedFields(encrypt=["salary"]), "hr.public": EncryptedFields()}
            encrypt_fields(client, RING, fields)
            for name in ("a", "b", "public"):
                client.hr[name].insert_one({"_id": 1, "salary": 100})
                assert client.hr[name].find_one() == {"_id": 1, "salary": 100}
            assert [isinstance(other.hr[name].find_one()["salary"], Binary) for name in ("a", "b", "public")] == [  # type: ignore[index]
                True,
                True,
                False,
            ]

    def test_transparent_for_subclasses_of_values(self, users: Collection) -> None:
        document = {"_id": 50, "address": [None, 1.5, True, Int64(1), b"x", Decimal128("1.0"), {"a": [1]}, ["x"]]}
        users.insert_one(document)
        assert users.find_one({"_id": 50}) == document


class TestHashes:
    @pytest.mark.parametrize("algorithm", ["argon2id", "sha256"])
    def test_a_password(self, path: Path, algorithm: Any) -> None:
        with MongoClient[dict[str, Any]](path) as client:
            encrypt_fields(client, RING, {"app": EncryptedFields(hash=["password"], hash_algorithm=algorithm)})
            users = client.app.users
            users.insert_many([{"_id": number, "password": "hunter2"} for number in range(2)])
            first, second = users.find()
            assert bytes(first["password"]).startswith(f"${algorithm}$".encode())
            assert b"hunter2" not in first["password"]
            assert first["password"] != second["password"]
            assert verify("hunter2", first["password"])
            assert verify(b"hunter2", first["password"])
            assert not verify("hunter3", first["password"])
            users.replace_one({"_id": 0}, first)
            assert users.find_one({"_id": 0}) == first
            users.update_one({"_id": 0}, {"$set": {"password": "new"}})
            assert verify("new", users.find_one({"_id": 0})["password"])  # type: ignore[index]

    def test_what_is_no_hash(self) -> None:
        for stored in (None, "hunter2", b"$argon2id$", Binary(b"$argon2id$nonsense", 129), 5):
            assert not verify("hunter2", stored)


class TestKeys:
    def test_a_wrong_or_missing_key_gives_no_data(self, users: Collection, path: Path) -> None:
        for ring in (KeyRing({"one": bytes(32)}), KeyRing({"two": bytes(range(32))})):
            with MongoClient[dict[str, Any]](path) as other:
                encrypt_fields(other, ring, {"app.users": SHOP})
                for call in (other.app.users.find_one, lambda: list(other.app.users.find())):
                    with pytest.raises(EncryptionError) as caught:
                        call()
                    assert "'one'" in str(caught.value)
                    assert bytes(range(32)).hex() not in str(caught.value)
                assert other.app.users.find_one({"_id": 4}) == PEOPLE[3]

    def test_values_do_not_move(self, users: Collection, stored: Collection) -> None:
        ada = stored.find_one({"_id": 1})
        assert ada is not None
        stored.update_one({"_id": 2}, {"$set": {"name": ada["tags"][0]}})
        with pytest.raises(EncryptionError):
            users.find_one({"_id": 2})
        users.database.client.app.command("ping")
        stored.database.other.insert_one(ada)
        changed = bytearray(ada["name"])
        changed[-1] ^= 1
        stored.update_one({"_id": 2}, {"$set": {"name": Binary(bytes(changed), 128)}})
        with pytest.raises(EncryptionError):
            users.find_one({"_id": 2})

    def test_rings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "keys"
        file.write_text("\n".join([KeyRing.new_line("new"), "", KeyRing.new_line("old")]) + "\n")
        assert KeyRing.from_file(file).ids == ["new", "old"]
        monkeypatch.setenv("SATCHEL_FIELD_KEYS", file.read_text().replace("\n\n", ","))
        ring = KeyRing.from_environment()
        assert ring.ids == ["new", "old"]
        assert ring.derive("new", "x", 32) == KeyRing.from_file(file).derive("new", "x", 32)
        assert ring.derive("new", "x", 32) != ring.derive("new", "y", 32)
        assert repr(ring) == "KeyRing(ids=['new', 'old'], active='new')"
        with pytest.raises(TypeError):
            ring.__reduce__()

    def test_no_key_is_made_up(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SATCHEL_FIELD_KEYS", raising=False)
        file = tmp_path / "keys"
        for text in (
            "",
            "one",
            "one:AAAA",
            "one:not base64",
            "o ne:" + "A" * 43 + "=",
            KeyRing.new_line("a") + "\na:x",
        ):
            file.write_text(text)
            with pytest.raises(ConfigurationError) as caught:
                KeyRing.from_file(file)
            assert "AAAA" not in str(caught.value)
        for make in (KeyRing.from_environment, lambda: KeyRing({}), lambda: KeyRing({"a": b"short"})):
            with pytest.raises(ConfigurationError):
                make()
        with pytest.raises(OSError, match="missing"):
            KeyRing.from_file(tmp_path / "missing")

    def test_policies(self) -> None:
        for arguments in (
            {"encrypt": ["a", "a.b"]},
            {"encrypt": ["a"], "hash": ["a"]},
            {"encrypt": ["_id"]},
            {"encrypt": ["a..b"]},
            {"encrypt": "name"},
            {"hash": ["a"], "hash_algorithm": "md5"},
        ):
            with pytest.raises(ConfigurationError):
                EncryptedFields(**arguments)  # type: ignore[arg-type]


def test_events_of_change_streams(users: Collection, stored: Collection) -> None:
    """What a server answers to getMore on a change stream: the documents stand deeper, and changes by path."""
    client = users.database.client
    before, after = stored.find_one({"_id": 1}), stored.find_one({"_id": 2})
    assert before is not None
    event = {
        "_id": {"_data": "1"},
        "operationType": "update",
        "ns": {"db": "app", "coll": "users"},
        "documentKey": {"_id": 1},
        "fullDocument": after,
        "fullDocumentBeforeChange": before,
        "updateDescription": {
            "updatedFields": {"name": before["name"], "contacts.0.phone": before["contacts"][0]["phone"], "age": 5},
            "removedFields": [],
        },
    }
    for namespace, command in (("app.users", {"getMore": Int64(1)}), ("app.$cmd.aggregate", {"aggregate": 1})):
        for batch in ("firstBatch", "nextBatch"):
            cursor = {"id": Int64(1), "ns": namespace, batch: [event], "postBatchResumeToken": {"_data": "1"}}
            reply = decrypt_reply(encrypters_of(client), "app", command, {"cursor": cursor, "ok": 1.0})
            decrypted = reply["cursor"][batch][0]  # type: ignore[index]
            assert decrypted["fullDocument"] == PEOPLE[1]
            assert decrypted["fullDocumentBeforeChange"] == PEOPLE[0]
            updated = {"name": "Ada", "contacts.0.phone": "55501", "age": 5}
            assert decrypted["updateDescription"] == {"updatedFields": updated, "removedFields": []}
    for watch in (users.watch, users.database.watch, client.watch):
        for path in ("fullDocument.email", "updateDescription.updatedFields.email"):
            with pytest.raises(InvalidOperation):
                watch([{"$match": {path: "ada@example.com"}}])


def test_change_streams(users: Collection) -> None:
    client = users.database.client
    for watch in (users.watch, users.database.watch, client.watch):
        with watch(full_document="updateLookup", max_await_time_ms=5000) as stream:
            users.update_one({"email": "ada@example.com"}, {"$set": {"name": "Eve"}})
            users.update_one({"_id": 1}, {"$set": {"name": "Ada"}})
            events = [stream.next(), stream.next()]
        assert [event["updateDescription"]["updatedFields"] for event in events] == [{"name": "Eve"}, {"name": "Ada"}]
        assert events[1]["fullDocument"] == PEOPLE[0]


def test_transactions(users: Collection) -> None:
    def work(session: Any) -> None:
        users.update_one({"email": "ada@example.com"}, {"$set": {"name": "Eve"}}, session=session)
        users.insert_one({"_id": 60, "tags": ["red"]}, session=session)
        assert users.find_one({"_id": 60}, session=session) == {"_id": 60, "tags": ["red"]}

    with users.database.client.start_session() as session:
        session.with_transaction(work)
    assert [users.find_one({"_id": 1})["name"], users.find_one({"_id": 60})["tags"]] == ["Eve", ["red"]]  # type: ignore[index]


def test_only_once(client: MongoClient[dict[str, Any]]) -> None:
    with pytest.raises(InvalidOperation):
        encrypt_fields(client, RING, {})


async def test_asynchronously(path: Path) -> None:
    async with AsyncMongoClient[dict[str, Any]](path) as client:
        encrypt_fields(client, RING, {"app.users": SHOP})
        users = client.app.users
        await users.insert_many(PEOPLE)
        assert [document async for document in users.find(batch_size=2)] == PEOPLE
        assert await users.find({"email": "ada@example.com"}).to_list() == PEOPLE[:1]
        await users.bulk_write([UpdateOne({"ids": 2}, {"$set": {"name": "Eve"}})])
        found = await users.find_one_and_update({"_id": 1}, {"$push": {"tags": "green"}}, return_document=True)
        assert (found["name"], found["tags"]) == ("Eve", ["red", "blue", "green"])
        with pytest.raises(InvalidOperation):
            await users.find_one({"name": "Eve"})
    with MongoClient[dict[str, Any]](path) as other:
        check_nothing_is_plain(other.app.users)


def test_pymongo_calls_an_encrypter_like_this() -> None:
    """The private names that this stands on, in the PyMongo that is installed."""
    for name in ("encrypt", "decrypt", "close"):
        theirs = inspect.signature(getattr(pymongos._Encrypter, name)).parameters
        assert list(inspect.signature(getattr(Encrypter, name)).parameters) == list(theirs)
    for cls in (pymongo.MongoClient, pymongo.AsyncMongoClient):
        assert cls("mongodb://127.0.0.1:1", connect=False)._encrypter is None
