package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"utkik/internal/call"
)

// Record is a call with what the program knows of it. Times are UTC, to the millisecond.
type Record struct {
	Call      call.Call
	FirstSeen time.Time
	LastSeen  time.Time
	Gone      time.Time // since when the source no longer has it; zero while it does
	Missed    int       // complete runs in a row that did not list it
	Version   int       // the current one, from 1
	Rev       int64     // see [Store.Changed]
	Touched   int64     // see [Store.Touched]
}

// Mark is where a call stands, without what it says: its hash tells whether that is what somebody holds ([Hash]).
type Mark struct {
	Key       call.Key
	Hash      string // SHA-256 of the exchange form, hexadecimal
	FirstSeen time.Time
	LastSeen  time.Time
	Gone      time.Time
	Missed    int
	Version   int
	Rev       int64
	Touched   int64
}

// Record is the record of a call that says what c says.
func (m *Mark) Record(c call.Call) Record {
	return Record{Call: c, FirstSeen: m.FirstSeen, LastSeen: m.LastSeen, Gone: m.Gone, Missed: m.Missed, Version: m.Version, Rev: m.Rev, Touched: m.Touched}
}

// Head is the part of a record that a list needs; it is read without unpacking anything.
type Head struct {
	Key        call.Key
	Kind       call.Kind
	Status     call.Status // the source's
	Identifier string
	Title      string
	Deadline   time.Time // when the last one has passed; zero when there is none
	Gone       time.Time
	Rev        int64
}

// Version is one content that a call had.
type Version struct {
	N    int       // from 1, without gaps
	At   time.Time // when the program saw it first
	Run  int64
	Hash string // SHA-256 of the exchange form, hexadecimal
	Call call.Call
	From []string // keys of the requests whose answers it was read from; none of what was imported, or kept before they were noted
}

// Hold is an item in quarantine: kept for the operator, and out of everything that readers see.
type Hold struct {
	Source   string // set by the store
	Ref      string
	Reason   string
	Call     call.Call // as it was found; may be invalid
	Since    time.Time // stays as long as the item is held
	LastSeen time.Time // set by the store
	Run      int64     // the latest that held it; set by the store
	Runs     int       // complete listings that showed it since the first
}

// Record gives one call; ErrNotFound when it is not stored.
func (s *Store) Record(ctx context.Context, key call.Key) (Record, error) {
	return one(ctx, s, "call "+key.String(), scanRecord, recordOne, key.Source, key.Ref)
}

// Records gives the calls of the source by ref, or all by key when it is empty.
func (s *Store) Records(ctx context.Context, source string) ([]Record, error) {
	if source == "" {
		return all(ctx, s, scanRecord, recordList)
	}
	return all(ctx, s, scanRecord, recordListSource, source)
}

// RecordsOf gives those calls; keys that are not stored are left out.
func (s *Store) RecordsOf(ctx context.Context, keys []call.Key) (map[call.Key]Record, error) {
	out := make(map[call.Key]Record, len(keys))
	return out, bySource(keys, func(source string, refs []string) error {
		return each(ctx, s, scanRecord, func(r Record) error { out[r.Call.Key()] = r; return nil }, recordListOf, source, list(refs))
	})
}

// Marks gives where those calls of the source stand, by ref; refs that are not stored are left out.
func (s *Store) Marks(ctx context.Context, source string, refs []string) ([]Mark, error) {
	return all(ctx, s, scanMark, markListOf, source, list(refs))
}

// Standing gives the calls of the source that are neither gone nor closed by its own word, by ref.
func (s *Store) Standing(ctx context.Context, source string) ([]Mark, error) {
	return all(ctx, s, scanMark, markStanding, source)
}

// EachRecord hands on every call, by key, as they stood when it began. It ends with the first error of fn,
// and gives it back as it is.
func (s *Store) EachRecord(ctx context.Context, fn func(Record) error) error {
	return each(ctx, s, scanRecord, fn, recordList)
}

// RecordsAfter gives the calls behind a key, of the source or of all when it is empty, by key. A limit of 0 is none.
func (s *Store) RecordsAfter(ctx context.Context, after call.Key, source string, limit int) ([]Record, error) {
	return all(ctx, s, scanRecord, recordAfter, after.Source, after.Ref, source, most(limit))
}

// Heads gives the heads of the source's calls by ref, or of all by key when it is empty.
func (s *Store) Heads(ctx context.Context, source string) ([]Head, error) {
	if source == "" {
		return all(ctx, s, scanHead, headList)
	}
	return all(ctx, s, scanHead, headListSource, source)
}

// Versions gives every content that the call had, oldest first; none when it is not stored.
func (s *Store) Versions(ctx context.Context, key call.Key) ([]Version, error) {
	return all(ctx, s, scanVersion, versionList, key.Source, key.Ref)
}

// Texts gives the current texts of those calls; keys that are not stored are left out.
func (s *Store) Texts(ctx context.Context, keys []call.Key) (map[call.Key]string, error) {
	out := make(map[call.Key]string, len(keys))
	var line []byte // of the call before: its room is used again
	for _, key := range keys {
		var body []byte
		err := s.swift(ctx, versionBody, key.Source, key.Ref).Scan(&body)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, s.fail("text of "+key.String(), "", err)
		}
		if line, err = unpackTo(line[:0], body); err != nil {
			return nil, s.fail("text of "+key.String(), "", err)
		}
		if out[key], err = textOf(line); err != nil {
			return nil, s.fail("text of "+key.String(), "", err)
		}
	}
	return out, nil
}

// Changed gives calls whose content, or whether they are gone, was written after that rev, by rev. The last
// one's Rev is where to go on. A limit of 0 is none.
func (s *Store) Changed(ctx context.Context, after int64, limit int) ([]Record, error) {
	return all(ctx, s, scanRecord, recordChanged, after, most(limit))
}

// Touched gives what [Store.Changed] gives, and calls whose matches of any plan, or the calls that they
// are shown with, became others, by Touched.
func (s *Store) Touched(ctx context.Context, after int64, limit int) ([]Record, error) {
	return all(ctx, s, scanRecord, recordTouched, after, most(limit))
}

// Holds gives what is in quarantine now, by ref; of all sources, by source and ref, when it is empty.
func (s *Store) Holds(ctx context.Context, source string) ([]Hold, error) {
	if source == "" {
		return all(ctx, s, scanHold, holdList)
	}
	return all(ctx, s, scanHold, holdListSource, source)
}

func scanRecord(row scanner) (Record, error) {
	var r Record
	var key call.Key
	var first, last, gone int64
	var body []byte
	err := row.Scan(&key.Source, &key.Ref, &first, &last, &gone, &r.Missed, &r.Version, &r.Rev, &r.Touched, &body)
	if err != nil {
		return Record{}, err
	}
	r.FirstSeen, r.LastSeen, r.Gone = at(first), at(last), at(gone)
	r.Call, err = unpackCall(body)
	return r, about(key, err)
}

func scanMark(row scanner) (Mark, error) {
	var m Mark
	var first, last, gone int64
	err := row.Scan(&m.Key.Source, &m.Key.Ref, &m.Hash, &first, &last, &gone, &m.Missed, &m.Version, &m.Rev, &m.Touched)
	m.FirstSeen, m.LastSeen, m.Gone = at(first), at(last), at(gone)
	return m, err
}

func scanHead(row scanner) (Head, error) {
	var h Head
	var deadline, gone int64
	err := row.Scan(&h.Key.Source, &h.Key.Ref, &h.Kind, &h.Status, &h.Identifier, &h.Title, &deadline, &gone, &h.Rev)
	h.Deadline, h.Gone = at(deadline), at(gone)
	return h, err
}

func scanVersion(row scanner) (Version, error) {
	var v Version
	var when int64
	var body []byte
	var origins string
	err := row.Scan(&v.N, &when, &v.Run, &v.Hash, &origins, &body)
	if err != nil {
		return Version{}, err
	}
	v.At = at(when)
	if err := json.Unmarshal([]byte(origins), &v.From); err != nil {
		return Version{}, fmt.Errorf("version %d: origins: %v", v.N, err)
	}
	if len(v.From) == 0 {
		v.From = nil
	}
	v.Call, err = unpackCall(body)
	return v, err
}

func scanHold(row scanner) (Hold, error) {
	var h Hold
	var since, last int64
	var body []byte
	err := row.Scan(&h.Source, &h.Ref, &h.Reason, &since, &last, &h.Run, &h.Runs, &body)
	if err != nil {
		return Hold{}, err
	}
	h.Since, h.LastSeen = at(since), at(last)
	h.Call, err = unpackCall(body)
	return h, about(call.Key{Source: h.Source, Ref: h.Ref}, err)
}
