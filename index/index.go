// Package index finds calls by their words. It alone knows Bleve.
//
// What is stored. Options.Dir holds one Bleve index, search-<hash>-<n>, where the hash is of everything
// that decides which terms a text gives ([mappingHash]) and n rises with every rebuild. It is a replica of
// the store and disposable. A document a call, its id source/ref:
//
//	title_sv more_sv text_sv    terms of Swedish calls: stems, parts of compounds, ~stems without dots
//	title_en more_en text_en    terms of all others; more is topics, programme, names of call and project
//	identifier call action      parts of codes, as they are written, in lower case
//	status kind programme source priority department language     a term a value
//	action_type budget          likewise: forms of support and ranges (facets.go)
//	deadline opens seen         a term a moment: its local day and the minute at which it has passed
//	group place                 of a call that is shown with others: who stands for all, and where it comes
//	also                        stored: the others
//	hit                         stored: title, identifier, URL, language, opening day, deadlines
//
// With every term of a text field Bleve keeps a number and a length; the number holds count and positions (see
// positions.go; those without room go on in text_en2 and so on), the length is squeezed into a byte. The text
// itself is not stored: snippets, and the rare phrase that positions leave open, are read through Options.Texts.
//
// Besides documents there are internal rows: cursor, the feed position up to which all is indexed, written
// in the batch that writes the documents; layout, the version of the list above; whole, set once the index
// has reached the end of the feed; mark, by what else the documents were made (SetMark).
//
// How it is searched. Bleve gives dictionaries, postings and snapshots; matching, scoring (BM25), filters,
// facets and order are ours, segment by segment: a word's postings become a set of bits, sets are joined as
// the query says, and only what is left is scored. Filters, facets and dates are columns in memory, read
// from the postings when a segment is first seen (columns.go): status depends on the time of the search,
// and Bleve's facets take ten times as long. The lists of common words, and texts of late hits, are kept beside
// them within bounds (lists.go): a segment never changes.
package index

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	bolt "go.etcd.io/bbolt"

	"utkik/internal/call"
)

const (
	// layout is the version of the fields and their encoding. An index of another layout cannot answer.
	layout = "5"
	// analysis is the version of what analysis.go makes of a word, beyond the lists that the hash covers.
	analysis = "1"

	batchDocs  = 500
	batchBytes = 4 << 20
	boltWait   = 2 * time.Second // for the lock of another process; without it Bleve waits for ever
	damagedExt = ".damaged"
	dirPrefix  = "search-"
)

var (
	keyCursor = []byte("cursor")
	keyLayout = []byte("layout")
	keyWhole  = []byte("whole")
)

// ErrBusy wraps what Open answers while another process holds the index: only one can.
var ErrBusy = errors.New("index is in use by another utkik process")

// ErrClosed is what a closed index answers.
var ErrClosed = errors.New("index: closed")

// ErrDamaged wraps what a damaged index answers; the next Sync rebuilds it.
var ErrDamaged = errors.New("index is damaged")

// Options is what an index needs from outside.
type Options struct {
	Log *slog.Logger     // nil: nothing is told
	Now func() time.Time // for searches that do not say; nil: statuses are as the sources state them
	// Texts gives the plain texts of calls, as they were indexed, for snippets and phrases. Calls that it
	// does not know may be left out. Nil: no snippets of texts.
	Texts func(ctx context.Context, keys []call.Key) (map[call.Key]string, error)
	// Pairs are words of the installation, such as its plan's, beside the house's glossary.
	Pairs []Pair
	// Timed is called as a search begins, and what it gives as the search ends; nil: nobody measures.
	Timed func() (ended func())
	// Table gives many more pairs of less worth, asked for words that no other glossary knows, once; nil: there are none.
	Table func() []Pair
}

// Index is a search index in a folder of its own, as one organisation sees it. It is safe for concurrent use; one process at
// a time may have it open.
type Index struct {
	*core
	scope string           // of whose priorities and departments are seen; see [Index.Of]
	words func() *glossary // by which searches are broadened
}

// Of gives the index as an organisation sees it: every call, with the priorities and departments that stand under its name,
// name/id, and without the name. The empty name is that of those that stand under none. Its searches are broadened by the house's
// glossary and by the pairs, which are asked for once, with the first of them; nil: by none. See [Options.Pairs].
func (ix *Index) Of(organisation string, pairs func() []Pair) *Index {
	return &Index{core: ix.core, scope: organisation, words: sync.OnceValue(func() *glossary {
		if pairs == nil {
			return ix.glossary.of(nil)
		}
		return ix.glossary.of(pairs())
	})}
}

// core is the opened index.
type core struct {
	dir       string
	opts      Options
	log       *slog.Logger
	analysers *analysers
	glossary  *glossary
	spell     *speller

	writing sync.Mutex // held by Sync, Rebuild and Close
	mu      sync.RWMutex
	cur     *shard // answers; nil when closed. Readers hold mu for as long as they use it.
	next    *shard // is being filled to take cur's place; nil as a rule. Guarded by writing.
	damaged atomic.Bool
	stale   atomic.Bool // see NeedsRebuild
	scores  sync.Pool   // of *[]float32; spares every search the making of a place for every document
}

// shard is one Bleve index.
type shard struct {
	dir   string
	n     int // of its name
	hash  string
	bleve bleve.Index
	adv   index.Index
	cols  *columnCache
}

// mappingHash is of everything that decides which terms a text gives.
func mappingHash() string {
	h := sha256.New()
	for _, s := range []string{layout, analysis, wordsFile, string(sv.SwedishStopWords), string(en.EnglishStopWords)} {
		fmt.Fprintf(h, "%d %s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// Open opens the index in dir, or begins an empty one. An index that is damaged is set aside (renamed to
// .damaged, kept until another is whole), one of another mapping goes on answering until Sync has filled
// its successor; [Index.NeedsRebuild] tells of both. An index that another process has open is an error.
func Open(dir string, opts Options) (*Index, error) {
	ix := &Index{core: &core{dir: dir, opts: opts, log: opts.Log, analysers: newAnalysers()}}
	ix.words = func() *glossary { return ix.glossary }
	if ix.log == nil {
		ix.log = slog.New(slog.DiscardHandler)
	}
	// Stemming the glossary takes as long as opening the index: the one is done beside the other.
	read := make(chan error, 1)
	go func() {
		var err error
		ix.glossary, err = newGlossary(ix.analysers, opts.Pairs, opts.Table)
		read <- err
	}()
	err := os.MkdirAll(dir, 0o750)
	if err != nil {
		err = fmt.Errorf("index: %v", err)
	} else if err = ix.open(); err == nil {
		err = ix.sweep() // nobody else has the index open, so nobody else copies it
	}
	if bad := <-read; err == nil && bad != nil {
		err = fmt.Errorf("index: %v", bad)
	}
	if err != nil {
		ix.closeShards()
		return nil, err
	}
	ix.spell = newSpeller(ix.glossary)
	return ix, nil
}

// open looks through the folder: our hash before others, higher numbers before lower.
func (ix *Index) open() error {
	hash := mappingHash()
	names, err := shardDirs(ix.dir)
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(a, b shardName) int {
		if (a.hash == hash) != (b.hash == hash) {
			if a.hash == hash {
				return -1
			}
			return 1
		}
		if a.n != b.n {
			return b.n - a.n
		}
		return strings.Compare(a.hash, b.hash)
	})
	var partial, leftover []*shard
	for _, name := range names {
		path := filepath.Join(ix.dir, name.String())
		s, err := openShard(path, name)
		if err != nil {
			if inUse(err) {
				for _, s := range append(partial, leftover...) {
					s.close()
				}
				return fmt.Errorf("%w: %s: stop it, or ask it instead", ErrBusy, path)
			}
			ix.log.Warn("index damaged, set aside", "index", path, "err", err)
			if err := ix.setAside(path); err != nil {
				return err
			}
			ix.stale.Store(true)
			continue
		}
		whole, fits := s.flag(keyWhole) == "1", s.flag(keyLayout) == layout
		switch {
		case ix.cur == nil && whole && fits:
			ix.cur = s
		case ix.cur == nil && name.hash == hash && fits:
			partial = append(partial, s)
		default:
			leftover = append(leftover, s)
		}
	}
	// A half-filled index of our hash goes on being filled, unless a whole one of our hash is there: then
	// it is what a broken-off rebuild left.
	for _, s := range partial {
		switch {
		case ix.cur == nil:
			ix.cur = s
		case ix.cur.hash != hash && ix.next == nil:
			ix.next = s
		default:
			leftover = append(leftover, s)
		}
	}
	for _, s := range leftover {
		ix.log.Info("index left over, removed", "index", s.dir)
		if err := s.remove(); err != nil {
			return err
		}
	}
	if ix.cur == nil {
		if ix.cur, err = ix.create(hash); err != nil {
			return err
		}
	}
	if ix.cur.hash != hash && ix.next == nil {
		if ix.next, err = ix.create(hash); err != nil {
			return err
		}
	}
	if ix.next != nil || ix.cur.flag(keyWhole) != "1" {
		ix.stale.Store(true)
	}
	return nil
}

type shardName struct {
	hash string
	n    int
}

func (s shardName) String() string { return dirPrefix + s.hash + "-" + strconv.Itoa(s.n) }

func shardDirs(dir string) ([]shardName, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("index: %v", err)
	}
	var out []shardName
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), dirPrefix)
		hash, num, cut := strings.Cut(rest, "-")
		n, err := strconv.Atoi(num)
		if ok && cut && err == nil && e.IsDir() {
			out = append(out, shardName{hash, n})
		}
	}
	return out, nil
}

// create begins an empty index with the next free number.
func (ix *Index) create(hash string) (*shard, error) {
	name, err := ix.free(hash)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(ix.dir, name.String())
	idx, err := guard(func() (bleve.Index, error) {
		return bleve.NewUsing(path, bleve.NewIndexMapping(), scorch.Name, scorch.Name, shardConfig(64))
	})
	if err != nil {
		return nil, fmt.Errorf("index %s: %v", path, err)
	}
	s := &shard{dir: path, n: name.n, hash: hash, bleve: idx, cols: newColumnCache()}
	if s.adv, err = idx.Advanced(); err == nil {
		err = idx.SetInternal(keyLayout, []byte(layout))
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("index %s: %v", path, err)
	}
	return s, nil
}

// shardConfig is Bleve's. An index that is being filled lets more segments gather before it merges them,
// since all are merged in the end (compact).
func shardConfig(segments int) map[string]any {
	return map[string]any{
		"bolt_timeout":           boltWait.String(),
		"scorchMergePlanOptions": map[string]any{"MaxSegmentsPerTier": segments, "SegmentsPerMergeTask": segments},
	}
}

// guard turns a panic into an error: Bleve panics on files that are cut short.
func guard[T any](fn func() (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return fn()
}

func inUse(err error) bool { return strings.HasSuffix(err.Error(), "timeout") } // bbolt's ErrTimeout

func openShard(path string, name shardName) (*shard, error) {
	return guard(func() (*shard, error) {
		if err := checkRoot(filepath.Join(path, "store", "root.bolt")); err != nil {
			return nil, err
		}
		idx, err := bleve.OpenUsing(path, shardConfig(10))
		if err != nil {
			return nil, err
		}
		s := &shard{dir: path, n: name.n, hash: name.hash, bleve: idx, cols: newColumnCache()}
		if s.adv, err = idx.Advanced(); err == nil {
			err = s.check()
		}
		if err != nil {
			s.close()
			return nil, err
		}
		return s, nil
	})
}

// checkRoot refuses a list of segments that is shorter than it says. Bleve's own opening would read it through a memory
// map, and to read a page beyond its end is a fault that ends the process, which no recover sees. To tell its size
// bbolt reads the two first pages only, of which it knows that they are there.
func checkRoot(path string) error {
	db, err := bolt.Open(path, 0o400, &bolt.Options{ReadOnly: true, Timeout: boltWait})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		info, err := os.Stat(path)
		if err == nil && info.Size() < tx.Size() {
			err = fmt.Errorf("%s: cut short: %d bytes of %d", path, info.Size(), tx.Size())
		}
		return err
	})
}

// check compares the segments' files with their checksums, which Bleve writes and does not read: a flipped
// byte would otherwise answer wrongly without an error.
func (s *shard) check() error {
	return s.read(func(snap *scorch.IndexSnapshot) error {
		for _, seg := range snap.Segments() {
			p, ok := seg.Segment().(segment.PersistedSegment)
			if !ok {
				continue
			}
			if err := checkFile(p.Path()); err != nil {
				return err
			}
		}
		return nil
	})
}

func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.LimitReader(f, info.Size()-4), make([]byte, 256<<10)); err != nil {
		return err
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(want[:]) != sum.Sum32() {
		return fmt.Errorf("%s: checksum does not agree", path)
	}
	return nil
}

// read hands fn a snapshot; nothing of it may be kept.
func (s *shard) read(fn func(*scorch.IndexSnapshot) error) error {
	r, err := s.adv.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	snap, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return fmt.Errorf("index %s: want a scorch index, got %T", s.dir, r)
	}
	return fn(snap)
}

func (s *shard) flag(key []byte) string {
	v, err := s.bleve.GetInternal(key)
	if err != nil {
		return ""
	}
	return string(v)
}

func (s *shard) cursor() (int64, error) {
	v, err := s.bleve.GetInternal(keyCursor)
	if err != nil || len(v) == 0 {
		return 0, err
	}
	return strconv.ParseInt(string(v), 10, 64)
}

func (s *shard) close() error {
	_, err := guard(func() (struct{}, error) { return struct{}{}, s.bleve.Close() })
	return err
}

func (s *shard) remove() error {
	return errors.Join(s.close(), os.RemoveAll(s.dir))
}

// setAside renames a damaged index, and removes one set aside before.
func (ix *Index) setAside(path string) error {
	if err := ix.removeDamaged(); err != nil {
		return err
	}
	if err := os.Rename(path, path+damagedExt); err != nil {
		return fmt.Errorf("index: setting a damaged one aside: %v", err)
	}
	return nil
}

func (ix *Index) removeDamaged() error {
	old, err := filepath.Glob(filepath.Join(ix.dir, dirPrefix+"*"+damagedExt))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("index: %v", err)
		}
	}
	return nil
}

// NeedsRebuild tells that the index does not hold all of the feed in the present mapping: it is new, was
// damaged or missing, or an old one answers. The next Sync that succeeds mends it.
func (ix *Index) NeedsRebuild() bool { return ix.stale.Load() || ix.damaged.Load() }

// Count gives the number of calls that can be found.
func (ix *Index) Count() (int, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return 0, ErrClosed
	}
	n, err := ix.cur.bleve.DocCount()
	return int(n), err
}

// Cursor gives the feed position up to which what answers is indexed; 0 for nothing.
func (ix *Index) Cursor() (int64, error) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return 0, ErrClosed
	}
	return ix.cur.cursor()
}

// Check reads all that the index keeps on the disk and compares it with its checksums. What is damaged is rebuilt by the
// next Sync.
func (ix *Index) Check() error {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	if ix.cur == nil {
		return ErrClosed
	}
	_, err := guard(func() (struct{}, error) { return struct{}{}, ix.cur.check() })
	if err != nil {
		ix.damaged.Store(true)
		return fmt.Errorf("%w: %v", ErrDamaged, err)
	}
	return nil
}

// Close lets go of the index. Closing twice is nothing.
func (ix *Index) Close() error {
	ix.writing.Lock()
	defer ix.writing.Unlock()
	ix.mu.Lock()
	defer ix.mu.Unlock()
	return ix.closeShards()
}

func (ix *Index) closeShards() error {
	var errs []error
	for _, s := range []*shard{ix.cur, ix.next} {
		if s != nil {
			errs = append(errs, s.close())
		}
	}
	ix.cur, ix.next = nil, nil
	return errors.Join(errs...)
}

// Sync indexes what the feed has after the cursor and gives the number of entries read. Broken off, by ctx
// or by a kill, it goes on where the last batch ended; run twice, it changes nothing. If the index needs a
// rebuild, that is what it does: until the new one is whole the old one answers.
func (ix *Index) Sync(ctx context.Context, feed Feed) (int, error) {
	ix.writing.Lock()
	defer ix.writing.Unlock()
	if ix.cur == nil {
		return 0, ErrClosed
	}
	if ix.damaged.Load() && ix.next == nil {
		if err := ix.begin(); err != nil {
			return 0, err
		}
	}
	return ix.fill(ctx, feed)
}

// Rebuild fills a new index from the feed's beginning while the old one answers, then swaps them.
func (ix *Index) Rebuild(ctx context.Context, feed Feed) (int, error) {
	ix.writing.Lock()
	defer ix.writing.Unlock()
	if ix.cur == nil {
		return 0, ErrClosed
	}
	if err := ix.begin(); err != nil {
		return 0, err
	}
	return ix.fill(ctx, feed)
}

// begin makes an empty successor.
func (ix *Index) begin() error {
	if ix.next != nil {
		if err := ix.next.remove(); err != nil {
			return err
		}
		ix.next = nil
	}
	next, err := ix.create(mappingHash())
	ix.next = next
	return err
}

func (ix *Index) fill(ctx context.Context, feed Feed) (int, error) {
	target := ix.cur
	if ix.next != nil {
		target = ix.next
	}
	n, err := ix.apply(ctx, target, feed)
	if err != nil {
		return n, fmt.Errorf("index %s: %w", target.dir, err)
	}
	if target.flag(keyWhole) != "1" {
		if target, err = ix.compact(ctx, target); err != nil {
			return n, err
		}
	}
	target.prepare()
	if ix.next != nil {
		if err := target.bleve.SetInternal(keyMark, []byte(ix.cur.flag(keyMark))); err != nil {
			return n, fmt.Errorf("index %s: %w", target.dir, err)
		}
		ix.mu.Lock() // waits for the searches that are under way
		old := ix.cur
		ix.cur, ix.next = target, nil
		ix.damaged.Store(false)
		ix.mu.Unlock()
		ix.log.Info("index rebuilt", "index", target.dir, "entries", n)
		if err := old.remove(); err != nil {
			ix.log.Warn("index replaced, but not removed", "index", old.dir, "err", err)
		}
	}
	if ix.stale.Swap(false) {
		if err := ix.removeDamaged(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// prepare reads the columns of segments that are new, by writing or by merging, so that no search waits for them.
func (s *shard) prepare() {
	_, _ = guard(func() (struct{}, error) { // what is damaged is told by the search that needs it
		return struct{}{}, s.read(func(snap *scorch.IndexSnapshot) error {
			_, err := s.cols.of(snap)
			return err
		})
	})
}

// compact merges a shard that has just been filled into one segment, marks it as whole and opens it anew,
// which is when Bleve lets go of the files that it merged.
func (ix *Index) compact(ctx context.Context, target *shard) (*shard, error) {
	wrap := func(err error) error { return fmt.Errorf("index %s: %w", target.dir, err) }
	if s, ok := target.adv.(*scorch.Scorch); ok {
		if err := s.ForceMerge(ctx, nil); err != nil {
			return nil, wrap(err)
		}
		if err := ctx.Err(); err != nil { // Bleve does not tell that it stopped half-way
			return nil, wrap(err)
		}
	}
	if err := target.bleve.SetInternal(keyWhole, []byte("1")); err != nil {
		return nil, wrap(err)
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if err := target.close(); err != nil {
		return nil, wrap(err)
	}
	fresh, err := openShard(target.dir, shardName{target.hash, target.n})
	if target == ix.cur {
		ix.cur = fresh // nil after an error: closed
	} else {
		ix.next = fresh
	}
	if err != nil {
		return nil, wrap(err)
	}
	return fresh, nil
}

// apply reads the feed from the target's cursor to its end. One goroutine reads and analyses, this one
// writes, a batch behind.
func (ix *Index) apply(ctx context.Context, target *shard, feed Feed) (int, error) {
	after, err := target.cursor()
	if err != nil {
		return 0, err
	}
	type work struct {
		batch   *bleve.Batch
		entries int
		err     error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan work, 1)
	go func() {
		defer close(ready)
		send := func(w work) bool {
			select {
			case ready <- w:
				return w.err == nil
			case <-ctx.Done():
				return false
			}
		}
		b := newBuilder(ix.analysers)
		for {
			entries, err := feed.Touched(ctx, after, batchDocs)
			if err != nil {
				send(work{err: err})
				return
			}
			if len(entries) == 0 {
				return
			}
			for len(entries) > 0 {
				batch, n, err := prepare(target, b, entries, after)
				if err != nil {
					send(work{err: err})
					return
				}
				after = entries[n-1].Seq
				entries = entries[n:]
				if !send(work{batch: batch, entries: n}) {
					return
				}
			}
		}
	}()
	done := 0
	for w := range ready {
		if w.err != nil {
			return done, w.err
		}
		if err := target.bleve.Batch(w.batch); err != nil {
			return done, err
		}
		done += w.entries
	}
	return done, ctx.Err()
}

// prepare makes a batch of the first n of entries, and of the cursor that they lead to.
func prepare(target *shard, b *builder, entries []Entry, after int64) (*bleve.Batch, int, error) {
	batch := target.bleve.NewBatch()
	n, size := 0, 0
	for n < len(entries) && n < batchDocs && size < batchBytes {
		e := &entries[n]
		if e.Seq <= after {
			return nil, 0, fmt.Errorf("feed: entry %s has position %d after %d: want them rising", e.Call.Key(), e.Seq, after)
		}
		after = e.Seq
		n++
		if e.Removed {
			batch.Delete(e.Call.Key().String())
			continue
		}
		doc, bytes := b.document(e)
		if err := batch.IndexAdvanced(doc); err != nil {
			return nil, 0, fmt.Errorf("call %s: %v", e.Call.Key(), err)
		}
		size += bytes
	}
	batch.SetInternal(keyCursor, strconv.AppendInt(nil, after, 10))
	return batch, n, nil
}
