"""Object-document mappers on our clients: a small test with each."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel import AsyncMongoClient, MongoClient


class TestMongoEngine:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Any]:
        engine = pytest.importorskip("mongoengine")
        engine.connect(
            "shop", host=str(tmp_path / "app.db"), mongo_client_class=MongoClient, uuidRepresentation="standard"
        )
        yield engine
        engine.disconnect()

    def test_documents(self, engine: Any) -> None:
        class Item(engine.EmbeddedDocument):  # type: ignore[misc]
            sku = engine.StringField(required=True)
            amount = engine.IntField(min_value=1)

        class Order(engine.Document):  # type: ignore[misc]
            number = engine.IntField(unique=True)
            items = engine.ListField(engine.EmbeddedDocumentField(Item))
            picture = engine.FileField()
            meta = {"indexes": ["items.sku"]}  # noqa: RUF012 - as MongoEngine wants it

        order = Order(number=1, items=[Item(sku="a", amount=2), Item(sku="b", amount=5)])
        order.picture.put(b"x" * 300_000, content_type="image/png")
        order.save()
        Order(number=2, items=[Item(sku="c", amount=1)]).save()
        assert [found.number for found in Order.objects(items__sku="a")] == [1]
        assert Order.objects(items__amount__gt=1).count() == 1
        assert Order.objects(number=1).update_one(push__items=Item(sku="d", amount=1)) == 1
        assert [item.sku for item in Order.objects.get(number=1).items] == ["a", "b", "d"]
        assert Order.objects.get(number=1).picture.read() == b"x" * 300_000
        assert sorted(Order.objects.distinct("items.sku")) == ["a", "b", "c", "d"]
        with pytest.raises(engine.NotUniqueError):
            Order(number=1).save()
        assert Order.objects.order_by("-number").first().number == 2
        Order.drop_collection()
        assert Order.objects.count() == 0


class TestBeanie:
    async def test_documents(self, tmp_path: Path) -> None:
        beanie = pytest.importorskip("beanie")

        class Product(beanie.Document):  # type: ignore[misc]
            name: beanie.Indexed(str, unique=True)  # type: ignore[valid-type]
            price: float
            tags: list[str] = []  # noqa: RUF012 - pydantic copies it

        async with AsyncMongoClient(tmp_path / "app.db") as client:
            await beanie.init_beanie(database=client.shop, document_models=[Product])
            await Product(name="chair", price=10.5, tags=["wood"]).insert()
            await Product.insert_many([Product(name=f"table {number}", price=number) for number in range(5)])
            assert (await Product.find_one(Product.name == "chair")).tags == ["wood"]
            assert await Product.find(Product.price > 2).count() == 3
            await Product.find_one(Product.name == "chair").update({"$push": {"tags": "old"}})
            chair = await Product.find_one({"tags": "old"})
            chair.price = 3
            await chair.save()
            assert (await Product.get(chair.id)).price == 3
            assert await Product.find(Product.price > 2).sum(Product.price) == 10
            names = [product.name async for product in Product.find().sort("-price", "name").limit(2)]
            assert names == ["table 4", "chair"]
            await Product.find_all().delete()
            assert await Product.count() == 0


class TestODMantic:
    def test_documents(self, tmp_path: Path) -> None:
        with warnings.catch_warnings():
            # ODMantic imports Motor, which sets itself up with what newer Pythons deprecate.
            warnings.simplefilter("ignore", DeprecationWarning)
            odmantic = pytest.importorskip("odmantic")

        class Publisher(odmantic.Model):  # type: ignore[misc]
            name: str
            founded: int = odmantic.Field(ge=1440)

        class Book(odmantic.Model):  # type: ignore[misc]
            title: str
            pages: int
            publisher: Publisher = odmantic.Reference()

        with MongoClient(tmp_path / "app.db") as client:
            engine = odmantic.SyncEngine(client=client, database="shop")
            penguin = Publisher(name="Penguin", founded=1935)
            engine.save(penguin)
            engine.save_all(
                [Book(title=f"Volume {number}", pages=100 * number, publisher=penguin) for number in range(4)]
            )
            assert engine.count(Book, Book.pages >= 200) == 2
            book = engine.find_one(Book, Book.title == "Volume 3")
            assert book.pages == 300
            book.pages = 5
            engine.save(book)
            assert engine.find_one(Book, Book.pages == 5).title == "Volume 3"
            engine.delete(book)
            assert engine.count(Book) == 3
            assert engine.find_one(Publisher, Publisher.founded < 1950).name == "Penguin"
