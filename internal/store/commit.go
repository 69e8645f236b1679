package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"utkik/internal/call"
	"utkik/internal/watch"
)

// Batch is what a run found out about its source.
type Batch struct {
	Source  string
	At      time.Time // the one stamp of all that is written
	Saves   []Save
	Seen    []string // refs listed in this run and unchanged; those that are not stored are passed over
	Holds   []Hold
	Release []string // refs leaving quarantine
	Cover   watch.Coverage
	Rulings []Ruling
}

// Save is one call to write.
type Save struct {
	Call call.Call
	// Version says that the content changed. A content equal to the current one is no version all the
	// same, and without Version the stored content stands. A call that is new always gets a version.
	Version bool
	Changes []call.Change // without Seq; without At, Source and Ref they get the batch's and the call's
	Gone    time.Time     // since when the source no longer has it; zero while it does
	Missed  int           // complete runs in a row that did not list it
	Seen    bool          // listed in this run: LastSeen becomes At
	From    []string      // keys of the requests ([kind.Request.Key]) whose answers the content was read from
}

// seenAtOnce bounds one statement that notes what was listed: between two of them a run can be broken off.
const seenAtOnce = 1000

// Commit writes the batch and the run's row, ended, in one transaction: all of it or nothing. Then it lets
// go of the source; after an error the run still has hold of it and is to be ended with [Store.EndRun].
//
// Committing the same batch again changes nothing: no version, no line of the change log, no rev. A
// change is written once: where neither content nor Gone is new, one that the log already holds with the
// same time, event, field and values is left out.
func (s *Store) Commit(ctx context.Context, run Run, b Batch) error {
	doing := fmt.Sprintf("saving run %d of %s", run.ID, run.Source)
	if err := b.validate(run); err != nil {
		return fmt.Errorf("store %s: %s: %w; %s", s.path, doing, err, nothingSavedRun)
	}
	packing := packSaves(b.Saves)
	defer packing.stop()
	err := s.write(ctx, survivesPower, func(t *txn) error {
		c := commit{txn: t, run: run, at: ms(b.At)}
		var err error
		if c.rev0, c.seq0, err = t.take(0, 0); err != nil {
			return err
		}
		for i := range b.Saves {
			if err := t.stop(); err != nil {
				return err
			}
			packed, err := packing.at(i)
			if err == nil {
				err = c.save(&b.Saves[i], packed)
			}
			if err != nil {
				return fmt.Errorf("call %s: %w", b.Saves[i].Call.Key(), err)
			}
		}
		for refs := range slices.Chunk(b.Seen, seenAtOnce) {
			if err := t.stop(); err != nil {
				return err
			}
			if _, err := t.exec(callSeen, c.at, b.Source, list(refs)); err != nil {
				return fmt.Errorf("seen %s and more: %w", refs[0], err)
			}
		}
		for _, ref := range b.Release {
			if _, err := t.exec(holdRelease, b.Source, ref); err != nil {
				return fmt.Errorf("release of %s: %w", ref, err)
			}
		}
		for i := range b.Holds {
			if err := c.hold(b.Source, &b.Holds[i]); err != nil {
				return fmt.Errorf("quarantine of %s: %w", b.Holds[i].Ref, err)
			}
		}
		for _, f := range slices.Sorted(maps.Keys(b.Cover.Have)) {
			if _, err := t.exec(coverageInsert, run.ID, f, b.Cover.Have[f], b.Cover.Items); err != nil {
				return fmt.Errorf("coverage of %s: %w", f, err)
			}
		}
		for _, r := range b.Rulings {
			if _, err := t.exec(rulingInsert, b.Source, r.Ref, string(r.Decision), r.Reason, r.Why, c.at, r.Likeness); err != nil {
				return fmt.Errorf("ruling on %s: %w", r.Ref, err)
			}
		}
		run.Judged = true
		if err := s.updateRun(t, run); err != nil {
			return err
		}
		if c.revs > 0 || c.seqs > 0 {
			if _, _, err = t.take(c.revs, c.seqs); err != nil {
				return err
			}
		}
		return t.along(run)
	})
	if err != nil {
		return s.fail(doing, nothingSavedRun, err)
	}
	s.letGo(run.ID)
	return nil
}

func (b *Batch) validate(run Run) error {
	if b.Source != run.Source {
		return fmt.Errorf("a batch of source %q in a run of %q", b.Source, run.Source)
	}
	if b.At.IsZero() {
		return errors.New("a batch without a time")
	}
	for i := range b.Saves {
		sv := &b.Saves[i]
		if err := sv.Call.Validate(); err != nil {
			return err
		}
		if sv.Call.Source != b.Source {
			return fmt.Errorf("call %s in a batch of source %q", sv.Call.Key(), b.Source)
		}
		for j := range sv.Changes {
			ch := &sv.Changes[j]
			if err := ch.Event.Validate(); err != nil {
				return fmt.Errorf("call %s: %v", sv.Call.Key(), err)
			}
			if key := ch.Key(); key != (call.Key{}) && key != sv.Call.Key() {
				return fmt.Errorf("a change of %s in the save of %s", key, sv.Call.Key())
			}
		}
	}
	for i := range b.Holds {
		if b.Holds[i].Ref == "" {
			return errors.New("a quarantined item without a ref")
		}
	}
	for _, r := range b.Rulings {
		if err := r.Decision.Validate(); err != nil || r.Ref == "" || r.Why == "" {
			return fmt.Errorf("a ruling needs a ref, a decision and a reason why (%v)", err)
		}
	}
	return nil
}

// packedCall is a call made ready to be written.
type packedCall struct {
	body []byte
	hash string
}

// packing makes saves ready on all cores, in order, while the transaction writes those that are.
type packing struct {
	saves []Save
	out   []packedCall
	parts []part // of partSize saves each
	next  atomic.Int64
	off   atomic.Bool
	wg    sync.WaitGroup
}

// part is closed when it is ready or failed.
type part struct {
	done chan struct{}
	err  error
}

const partSize = 32

func packSaves(saves []Save) *packing {
	p := &packing{saves: saves, out: make([]packedCall, len(saves)), parts: make([]part, (len(saves)+partSize-1)/partSize)}
	for i := range p.parts {
		p.parts[i].done = make(chan struct{})
	}
	for range min(runtime.GOMAXPROCS(0), len(p.parts)) {
		p.wg.Go(p.work)
	}
	return p
}

func (p *packing) work() {
	for {
		n := int(p.next.Add(1)) - 1
		if n >= len(p.parts) || p.off.Load() {
			return
		}
		for i := n * partSize; i < min((n+1)*partSize, len(p.saves)); i++ {
			if !p.saves[i].Version { // most likely not needed
				continue
			}
			var err error
			if p.out[i].body, p.out[i].hash, err = packCall(&p.saves[i].Call); err != nil {
				p.parts[n].err = err
				break
			}
		}
		close(p.parts[n].done)
	}
}

// at waits until the ith save is ready.
func (p *packing) at(i int) (packedCall, error) {
	part := &p.parts[i/partSize]
	<-part.done
	return p.out[i], part.err
}

// stop ends the work that is left.
func (p *packing) stop() {
	p.off.Store(true)
	p.wg.Wait()
}

// commit is a transaction of Commit. Revs and seqs are counted here and taken at the end.
type commit struct {
	*txn
	run        Run
	at         int64
	rev0, seq0 int64 // the last given before
	revs, seqs int64 // given since
}

func (c *commit) rev() int64 { c.revs++; return c.rev0 + c.revs }
func (c *commit) seq() int64 { c.seqs++; return c.seq0 + c.seqs }

// state is where a stored call stands.
type state struct {
	id, version    int64
	hash           string
	lastSeen, gone int64
	missed         int
	rev, touched   int64
}

func (c *commit) save(sv *Save, p packedCall) error {
	if sv.Version { // a first crawl or an import brings thousands that are new: one statement for each tells
		isNew, err := c.insert(sv, p)
		if isNew || err != nil {
			return err
		}
	}
	var st state
	err := c.row(callState, sv.Call.Source, sv.Call.Ref).
		Scan(&st.id, &st.version, &st.hash, &st.lastSeen, &st.gone, &st.missed, &st.rev, &st.touched)
	if errors.Is(err, sql.ErrNoRows) {
		if p.body, p.hash, err = packCall(&sv.Call); err != nil {
			return err
		}
		_, err = c.insert(sv, p)
		return err
	}
	if err != nil {
		return err
	}

	was := st
	if sv.Version && p.hash != st.hash {
		st.version++
		st.hash = p.hash
		if err := c.version(st.id, st.version, p, sv.From); err != nil {
			return err
		}
	}
	st.gone, st.missed = ms(sv.Gone), sv.Missed
	if sv.Seen {
		st.lastSeen = c.at
	}
	fresh := st.version != was.version || st.gone != was.gone
	logged, err := c.log(st.id, sv, fresh)
	if err != nil {
		return err
	}
	if fresh || logged {
		st.rev = c.rev()
		st.touched = st.rev
	}
	switch {
	case st == was:
	case st.version != was.version:
		k := &sv.Call
		_, err = c.exec(callContent, st.lastSeen, st.gone, st.missed, st.rev, st.touched,
			string(k.Kind), string(k.Status), k.Identifier, k.Title, lastEnd(k), st.version, st.hash, st.id)
	default:
		_, err = c.exec(callWhere, st.lastSeen, st.gone, st.missed, st.rev, st.touched, st.id)
	}
	return err
}

// insert writes a call that is not stored yet, and tells whether that was so.
func (c *commit) insert(sv *Save, p packedCall) (bool, error) {
	k := &sv.Call
	rev := c.rev0 + c.revs + 1
	var id int64
	err := c.row(callInsert, k.Source, k.Ref, string(k.Kind), string(k.Status), k.Identifier, k.Title, lastEnd(k), p.hash,
		c.at, c.at, ms(sv.Gone), sv.Missed, rev, rev).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.rev()
	if err := c.version(id, 1, p, sv.From); err != nil {
		return false, err
	}
	_, err = c.log(id, sv, true)
	return true, err
}

func (c *commit) version(id, n int64, p packedCall, from []string) error {
	origins, err := json.Marshal(append([]string{}, from...))
	if err == nil {
		_, err = c.exec(versionInsert, id, n, c.at, c.run.ID, p.hash, p.body, string(origins))
	}
	return err
}

// log writes the changes of a save, and tells whether there was one to write. Unless the save is fresh,
// those that the log already holds are left out.
func (c *commit) log(id int64, sv *Save, fresh bool) (bool, error) {
	wrote := false
	for i := range sv.Changes {
		ch := &sv.Changes[i]
		when := c.at
		if !ch.At.IsZero() {
			when = ms(ch.At)
		}
		if !fresh {
			var known int
			if err := c.row(changeKnown, id, when, string(ch.Event), ch.Field, ch.Old, ch.New).Scan(&known); err != nil {
				return false, err
			}
			if known > 0 {
				continue
			}
		}
		_, err := c.exec(changeInsert, c.seq(), when, id, string(ch.Event), ch.Field, ch.Old, ch.New,
			bit(ch.Material), bit(ch.Baseline), bit(ch.Mended))
		if err != nil {
			return false, err
		}
		wrote = true
	}
	return wrote, nil
}

func (c *commit) hold(source string, h *Hold) error {
	body, _, err := packCall(&h.Call)
	if err != nil {
		return err
	}
	since := c.at
	if !h.Since.IsZero() {
		since = ms(h.Since)
	}
	_, err = c.exec(holdSet, source, h.Ref, h.Reason, since, c.at, c.run.ID, h.Runs, body)
	return err
}

// lastEnd is when the last deadline has passed, as it is stored; 0 when there is none.
func lastEnd(c *call.Call) int64 {
	last, ok := c.LastDeadline()
	if !ok {
		return 0
	}
	return ms(last.End())
}
