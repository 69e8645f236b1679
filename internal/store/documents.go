package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"utkik/crawler/kind"
)

// KeepDocument keeps an answer as it came. problem says why it could not be read; empty when it could.
// Equal bodies are kept once.
func (s *Store) KeepDocument(ctx context.Context, run Run, d kind.Document, problem string) error {
	doing := fmt.Sprintf("keeping %s of run %d of %s", d.Request.Key(), run.ID, run.Source)
	request, err := json.Marshal(d.Request)
	if err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	header, err := json.Marshal(d.Header)
	if err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	k := &keeping{raw: d.Body, hash: digest(d.Body), turn: make(chan turn, 1)}
	var known int
	if err := s.row(ctx, bodyKnown, k.hash).Scan(&known); err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	if known == 0 { // compressed before the transaction: others wait for that
		if k.body, err = pack(d.Body); err != nil {
			return s.fail(doing, nothingSaved, err)
		}
	}
	k.row = []any{run.ID, run.Source, d.Request.Key(), string(request), d.URL, d.Status, string(header),
		ms(d.Fetched), bit(d.NotModified), problem, k.hash}
	if err := s.keep(ctx, k); err != nil {
		return s.fail(doing, nothingSaved, err)
	}
	return nil
}

// keeping is a document on its way into the database. Those that several goroutines bring while one
// transaction is written share the next one, which costs as much as one document does.
type keeping struct {
	raw  []byte
	hash string
	body []byte // compressed; nil when the body was known
	row  []any
	turn chan turn
}

// turn is what a waiting goroutine is told: that its document is kept or refused, or that it is to write
// what waits.
type turn struct {
	write bool
	err   error
}

// keep writes k, and what has come with it. Once it waits in the line it is not cancelled: another may be
// writing it.
func (s *Store) keep(ctx context.Context, k *keeping) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	s.line = append(s.line, k)
	first := !s.keeping
	s.keeping = true
	s.mu.Unlock()
	if !first {
		if t := <-k.turn; !t.write {
			return t.err
		}
	}

	var batch []*keeping
	err := s.write(context.WithoutCancel(ctx), survivesProcess, func(t *txn) error {
		batch = s.waiting()
		for _, w := range batch {
			if err := w.write(t); err != nil {
				return err
			}
		}
		return nil
	})
	if batch == nil { // not even begun
		batch = s.waiting()
	}
	var own error
	for _, w := range batch {
		each := err
		if err != nil && len(batch) > 1 { // one refused document does not refuse the others
			each = s.write(context.WithoutCancel(ctx), survivesProcess, w.write)
		}
		if w == k {
			own = each
		} else {
			w.turn <- turn{err: each}
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.line) > 0 {
		s.line[0].turn <- turn{write: true}
	} else {
		s.keeping = false
	}
	return own
}

// waiting takes the line.
func (s *Store) waiting() []*keeping {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.line
	s.line = nil
	return line
}

func (k *keeping) write(t *txn) error {
	body := k.body
	if body == nil { // known, unless it was pruned meanwhile
		var known int
		if err := t.row(bodyStands, k.hash).Scan(&known); err != nil {
			return err
		}
		if known == 0 {
			var err error
			if body, err = pack(k.raw); err != nil {
				return err
			}
		}
	}
	if body != nil {
		if _, err := t.exec(bodyInsert, k.hash, body); err != nil {
			return err
		}
	}
	_, err := t.exec(documentInsert, k.row...)
	return err
}

// Document gives the newest answer to that request (see [kind.Request.Key]) that could be read and has
// status 200; ErrNotFound when there is none. Fetched is UTC, to the millisecond.
func (s *Store) Document(ctx context.Context, source, key string) (kind.Document, error) {
	d, err := one(ctx, s, "document "+key+" of "+source, scanDocument, documentNewest, source, key)
	return d.Document, err
}

// Original is an answer that a version was read from, without its body.
type Original struct {
	URL     string // the final one
	Fetched time.Time
	Type    string // as the source named it: text/html; charset=utf-8
	Hash    string // SHA-256 of the body, hexadecimal; see [Store.Body]
}

// Originals gives the stored answers that a version was read from, in the order in which they were read: those of its own
// run or the last before it. Where one is forgotten by now, a newer answer to the same request stands for it, and one of
// which none is kept is left out.
func (s *Store) Originals(ctx context.Context, source string, v *Version) ([]Original, error) {
	var out []Original
	for _, key := range v.From {
		o, err := one(ctx, s, "document "+key+" of "+source, scanOriginal, documentOrigin, source, key, v.Run)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

func scanOriginal(row scanner) (Original, error) {
	var o Original
	var fetched int64
	var text string
	if err := row.Scan(&o.URL, &fetched, &text, &o.Hash); err != nil {
		return o, err
	}
	var header http.Header
	if err := json.Unmarshal([]byte(text), &header); err != nil {
		return o, fmt.Errorf("kept headers cannot be read: %v", err)
	}
	o.Fetched, o.Type = at(fetched), header.Get("Content-Type")
	return o, nil
}

// Body gives the bytes of an answer as they came; ErrNotFound when they are not kept any more.
func (s *Store) Body(ctx context.Context, hash string) ([]byte, error) {
	packed, err := one(ctx, s, "document "+hash, scanBody, bodyOne, hash)
	if err != nil {
		return nil, err
	}
	body, err := unpack(packed)
	if err != nil {
		return nil, s.fail("document "+hash, "", err)
	}
	return body, nil
}

// Answers gives at most limit stored answers to that request with status 200, newest first, those that could
// not be read too. What a run read that ended before it was judged is left out until a later complete crawl, which
// was spared it or got a newer one, has been: to whoever reads it again, its news would be none.
func (s *Store) Answers(ctx context.Context, source, key string, limit int) ([]kind.Document, error) {
	rows, err := all(ctx, s, scanDocument, documentAnswers, source, key, limit)
	out := make([]kind.Document, len(rows))
	for i := range rows {
		out[i] = rows[i].Document
	}
	return out, err
}

// Documents hands on what a run kept, in the order kept. It ends with the first error of fn, and gives it
// back as it is.
func (s *Store) Documents(ctx context.Context, runID int64, fn func(d kind.Document, problem string) error) error {
	return each(ctx, s, scanDocument, func(k kept) error { return fn(k.Document, k.problem) }, documentList, runID)
}

// PruneDocuments forgets raw answers of the source that were fetched before that time, and tells how many.
// Those of its last complete run stay, and for every request the newest answer and the newest that
// Document gives.
func (s *Store) PruneDocuments(ctx context.Context, source string, before time.Time) (int, error) {
	var pruned int64
	err := s.write(ctx, survivesPower, func(t *txn) error {
		var last int64
		if err := t.row(documentLastComplete, source).Scan(&last); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var err error
		if pruned, err = t.exec(documentPrune, source, ms(before), last); err != nil || pruned == 0 {
			return err
		}
		_, err = t.exec(bodyPrune)
		return err
	})
	if err != nil {
		return 0, s.fail("pruning documents of "+source, "nothing was pruned", err)
	}
	return int(pruned), nil
}

type kept struct {
	kind.Document
	problem string
}

func scanDocument(row scanner) (kept, error) {
	var k kept
	var request, header string
	var fetched int64
	var body []byte
	if err := row.Scan(&request, &k.URL, &k.Status, &header, &fetched, &k.NotModified, &k.problem, &body); err != nil {
		return kept{}, err
	}
	k.Fetched = at(fetched)
	if err := json.Unmarshal([]byte(request), &k.Request); err != nil {
		return kept{}, fmt.Errorf("a kept request cannot be read: %v", err)
	}
	if err := json.Unmarshal([]byte(header), &k.Header); err != nil {
		return kept{}, fmt.Errorf("kept headers cannot be read: %v", err)
	}
	var err error
	k.Body, err = unpack(body)
	return k, err
}
