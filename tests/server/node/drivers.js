// The Node driver and Mongoose, on the server that MONGODB_URI names.
"use strict";

const assert = require("node:assert/strict");
const { after, before, test } = require("node:test");
const { GridFSBucket, MongoClient } = require("mongodb");
const mongoose = require("mongoose");

const uri = process.env.MONGODB_URI;
const client = new MongoClient(uri, { serverSelectionTimeoutMS: 20000 });
const db = client.db("node");

before(async () => {
  await client.connect();
  await db.dropDatabase();
});

after(async () => {
  await client.close();
  await mongoose.disconnect();
});

test("documents", async () => {
  const things = db.collection("things");
  await things.insertMany(Array.from({ length: 250 }, (_, n) => ({ _id: n, text: `text ${n}`, tags: [n % 3] })));
  assert.equal((await things.findOne({ text: "text 7" }))._id, 7);
  assert.equal((await things.find({ tags: 1 }).batchSize(10).toArray()).length, 83);
  await things.updateOne({ _id: 7 }, { $set: { at: new Date(0) } });
  assert.deepEqual((await things.findOneAndDelete({ _id: 7 })).at, new Date(0));
  assert.equal(await things.countDocuments(), 249);
  const groups = await things.aggregate([{ $group: { _id: { $first: "$tags" }, n: { $sum: 1 } } }, { $sort: { _id: 1 } }]).toArray();
  assert.deepEqual(groups, [{ _id: 0, n: 84 }, { _id: 1, n: 82 }, { _id: 2, n: 83 }]);
});

test("errors and indexes", async () => {
  const users = db.collection("users");
  await users.createIndex({ email: 1 }, { unique: true });
  await users.insertOne({ email: "ada@example.com" });
  await assert.rejects(users.insertOne({ email: "ada@example.com" }), { code: 11000 });
  assert.deepEqual((await users.indexes()).map((index) => index.name), ["_id_", "email_1"]);
});

test("bulk writes", async () => {
  const result = await db.collection("bulk").bulkWrite([
    { insertOne: { document: { _id: 1 } } },
    { updateOne: { filter: { _id: 2 }, update: { $set: { a: 1 } }, upsert: true } },
    { deleteOne: { filter: { _id: 1 } } },
  ]);
  assert.deepEqual([result.insertedCount, result.upsertedCount, result.deletedCount], [1, 1, 1]);
});

test("GridFS", async () => {
  const bucket = new GridFSBucket(db);
  const content = Buffer.alloc(1000000, "satchel");
  const upload = bucket.openUploadStream("file");
  await new Promise((resolve, reject) => upload.on("finish", resolve).on("error", reject).end(content));
  const chunks = [];
  for await (const chunk of bucket.openDownloadStream(upload.id)) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(content));
});

test("Mongoose", async () => {
  await mongoose.connect(uri, { dbName: "mongoose" });
  await mongoose.connection.dropDatabase();
  const author = new mongoose.Schema({ name: { type: String, required: true, unique: true }, born: Date });
  const book = new mongoose.Schema({ title: String, author: { type: mongoose.Types.ObjectId, ref: "Author" }, pages: Number }, { timestamps: true });
  const Author = mongoose.model("Author", author);
  const Book = mongoose.model("Book", book);
  await Author.init();
  const ada = await Author.create({ name: "Ada" });
  await assert.rejects(Author.create({ name: "Ada" }), { code: 11000 });
  await Book.create([{ title: "Notes", author: ada, pages: 10 }, { title: "Letters", author: ada, pages: 20 }]);
  const found = await Book.findOne({ title: "Notes" }).populate("author");
  assert.equal(found.author.name, "Ada");
  found.pages = 11;
  await found.save();
  const pages = await Book.aggregate([{ $group: { _id: null, pages: { $sum: "$pages" } } }]);
  assert.equal(pages[0].pages, 31);
  assert.equal(await Book.countDocuments({ createdAt: { $lte: new Date() } }), 2);
});
