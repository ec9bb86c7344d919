BEGIN TRANSACTION;
CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (host, name)
);
INSERT INTO "channel" VALUES(1,'h','system/cpu');
INSERT INTO "channel" VALUES(2,'h','system/gpu/0');
CREATE TABLE event (
        channel TEXT NOT NULL,
        id TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        host TEXT NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY (channel, host, id)
    ) WITHOUT ROWID;
CREATE TABLE field (
    channel_id INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (channel_id, slot),
    UNIQUE (channel_id, name)
) WITHOUT ROWID;
INSERT INTO "field" VALUES(1,0,'utilization');
INSERT INTO "field" VALUES(1,1,'per_core.0');
INSERT INTO "field" VALUES(1,2,'per_core.1');
INSERT INTO "field" VALUES(1,3,'per_core.2');
INSERT INTO "field" VALUES(1,4,'per_core.3');
INSERT INTO "field" VALUES(1,5,'per_core.4');
INSERT INTO "field" VALUES(1,6,'per_core.5');
INSERT INTO "field" VALUES(1,7,'per_core.6');
INSERT INTO "field" VALUES(1,8,'per_core.7');
INSERT INTO "field" VALUES(1,9,'per_core.8');
INSERT INTO "field" VALUES(1,10,'per_core.9');
INSERT INTO "field" VALUES(1,11,'per_core.10');
INSERT INTO "field" VALUES(1,12,'per_core.11');
INSERT INTO "field" VALUES(1,13,'per_core.12');
INSERT INTO "field" VALUES(1,14,'per_core.13');
INSERT INTO "field" VALUES(1,15,'per_core.14');
INSERT INTO "field" VALUES(1,16,'per_core.15');
INSERT INTO "field" VALUES(1,17,'per_core.16');
INSERT INTO "field" VALUES(1,18,'per_core.17');
INSERT INTO "field" VALUES(1,19,'per_core.18');
INSERT INTO "field" VALUES(1,20,'per_core.19');
INSERT INTO "field" VALUES(2,0,'utilization');
INSERT INTO "field" VALUES(2,1,'memory_used');
CREATE TABLE sample (
    channel_id INTEGER NOT NULL,
    block INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    v0 REAL, v1 REAL, v2 REAL, v3 REAL, v4 REAL, v5 REAL, v6 REAL, v7 REAL, v8 REAL, v9 REAL, v10 REAL, v11 REAL, v12 REAL, v13 REAL, v14 REAL, v15 REAL,
    PRIMARY KEY (channel_id, block, timestamp)
) WITHOUT ROWID;
INSERT INTO "sample" VALUES(1,0,1767225598000,12.5,0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,10.0,11.0,12.0,13.0,14.0);
INSERT INTO "sample" VALUES(1,1,1767225598000,15.0,16.0,17.0,18.0,19.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "sample" VALUES(2,0,1767225599000,75.0,1024.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX event_by_time ON event (channel, timestamp);
COMMIT;
PRAGMA application_id = 1397575502;
PRAGMA user_version = 3;
