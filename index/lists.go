package index

import (
	"math/bits"
	"slices"
	"strings"
	"sync"

	segment "github.com/blevesearch/scorch_segment_api/v2"

	"utkik/internal/call"
)

// Bleve reads a posting in 30 to 40 nanoseconds, and a common word has tens of thousands. Long lists that are asked for are
// therefore kept unpacked beside the columns of their segment, which never changes: which documents, and of each a
// code of count and length. There are some hundreds of such words; what has not been asked for longest goes when there is no room.

const (
	keepFrom   = 512       // postings; shorter lists are read each time
	keepBytes  = 64        // of lists, for each document of the segment
	keepAtOnce = 64        // a list is unpacked when more than one in so many of its documents is wanted
	sparse     = 32        // a list that has less than one in so many documents is kept by their numbers
	keepLeast  = 256 << 10 // bytes that a small segment may keep
)

// unpacked is the postings list of a term, of documents removed since as well.
type unpacked struct {
	docs    set      // nil of a sparse list
	numbers []uint32 // of a sparse list
	codes   []uint16 // count and length of each document, in their order
}

func (u *unpacked) size() int { return 8*len(u.docs) + 4*len(u.numbers) + 2*len(u.codes) + 100 }

type listName struct{ field, term string }

// code packs the count of a term, at most maxCount, with the code of its field's length.
func code(packed, length uint64) uint16 { return uint16(countOf(packed))<<7 | uint16(length&127) }

// keeper keeps what was read of a segment, by name. It is safe for concurrent use; the zero value is ready.
type keeper[K comparable, V any] struct {
	mu    sync.Mutex
	kept  map[K]*keptValue[V]
	bytes int
	clock uint64
}

type keptValue[V any] struct {
	value V
	bytes int
	used  uint64 // when it was asked for last, counted in askings
}

func (k *keeper[K, V]) get(name K) (value V, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v, ok := k.kept[name]
	if !ok {
		return value, false
	}
	k.clock++
	v.used = k.clock
	return v.value, true
}

// put keeps a value, unless it alone would fill the place. What was not asked for longest makes room: an eighth at a time,
// so that it need not be looked for each time.
func (k *keeper[K, V]) put(name K, value V, bytes, limit int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.kept[name]; ok || bytes > limit/4 {
		return
	}
	if k.kept == nil {
		k.kept = map[K]*keptValue[V]{}
	}
	if k.bytes+bytes > limit {
		order := make([]uint64, 0, len(k.kept))
		for _, v := range k.kept {
			order = append(order, v.used)
		}
		slices.Sort(order)
		for at := len(order) / 8; k.bytes+bytes > limit; at += len(order)/8 + 1 {
			until := order[min(at, len(order)-1)]
			for n, v := range k.kept {
				if v.used <= until {
					k.bytes -= v.bytes
					delete(k.kept, n)
				}
			}
		}
	}
	k.clock++
	k.kept[name] = &keptValue[V]{value, bytes, k.clock}
	k.bytes += bytes
}

// kept gives the unpacked list of a term, if it is kept.
func (r *run) kept(p *part, ref int) *unpacked {
	if list := p.lists[ref]; r.plain || list == nil || list.Count() < keepFrom {
		return nil
	}
	u, _ := p.cols.lists.get(listName{r.terms[ref].field, r.terms[ref].term})
	return u
}

// worthKeeping gives the unpacked list of a term of which size documents are wanted, and keeps it; nil where it is quicker to
// read these.
func (r *run) worthKeeping(p *part, ref, size int) (*unpacked, error) {
	u := r.kept(p, ref)
	if n := p.lists[ref].Count(); u != nil || r.plain || n < keepFrom || uint64(size)*keepAtOnce < n {
		return u, nil
	}
	return r.unpack(p, ref)
}

// unpack reads the list of a term and keeps it.
func (r *run) unpack(p *part, ref int) (*unpacked, error) {
	t := r.terms[ref]
	d, err := p.dict(t.field)
	if err != nil {
		return nil, err
	}
	list, err := d.PostingsList([]byte(t.term), nil, nil)
	if err != nil {
		return nil, err
	}
	n := int(list.Count())
	u := &unpacked{codes: make([]uint16, 0, n)}
	if n*sparse < p.n {
		u.numbers = make([]uint32, 0, n)
	} else {
		u.docs = newSet(p.n)
	}
	p.it = list.Iterator(true, true, false, p.it)
	for {
		var posting segment.Posting
		if posting, err = p.it.Next(); err != nil || posting == nil {
			break
		}
		doc := uint32(posting.Number())
		if u.docs != nil {
			u.docs.add(doc)
		} else {
			u.numbers = append(u.numbers, doc)
		}
		u.codes = append(u.codes, code(posting.Frequency(), lengthOf(posting)))
	}
	if err != nil {
		return nil, err
	}
	p.cols.lists.put(listName{t.field, t.term}, u, u.size(), max(keepLeast, keepBytes*p.n))
	return u, nil
}

// add adds what the term gives the documents of the list that are in within.
func (u *unpacked) add(within set, weight float64, each *shares, scores []float32) {
	if u.docs == nil {
		for i, doc := range u.numbers {
			if within.has(doc) {
				scores[doc] += float32(weight * each[u.codes[i]])
			}
		}
		return
	}
	codes := u.codes // of the documents from the word on
	for k, w := range u.docs {
		if w == 0 {
			continue
		}
		here := scores[k<<6:]
		for found := w & within[k]; found != 0; found &= found - 1 {
			bit := bits.TrailingZeros64(found)
			here[bit] += float32(weight * each[codes[bits.OnesCount64(w&(1<<bit-1))]])
		}
		codes = codes[bits.OnesCount64(w):]
	}
}

// Texts that were read for snippets are kept likewise, as they are read: who narrows a search or turns back a page sees
// mostly the calls that he saw.
const (
	keepTexts   = 48      // bytes of texts, for each document of the segment
	textsAtMost = 8 << 20 // bytes, in a large segment
)

// textsOf gives the texts of candidates, each as far as a snippet is looked for in it, in the form that analysers read.
func (r *run) textsOf(found []candidate, hits []Hit) ([]string, error) {
	out := make([]string, len(found))
	var keys []call.Key
	var missing []int
	for i, c := range found {
		text, ok := r.parts[c.part].cols.texts.get(c.doc)
		if ok && !r.plain {
			out[i] = text
			continue
		}
		keys, missing = append(keys, hits[i].Key()), append(missing, i)
	}
	if len(keys) == 0 {
		return out, nil
	}
	texts, err := r.texts(r.ctx, keys)
	if err != nil {
		return nil, &textsError{err}
	}
	for n, i := range missing {
		text, ok := texts[keys[n]]
		if !ok {
			continue // not known now; it may be the next time
		}
		if cut := cutAt(text, snippetReach); cut < len(text) {
			text = strings.Clone(text[:cut]) // the rest may be a book
		}
		out[i] = compose(text)
		c := found[i]
		p := r.parts[c.part]
		p.cols.texts.put(c.doc, out[i], len(out[i])+100, max(keepLeast, min(textsAtMost, keepTexts*p.n)))
	}
	return out, nil
}

// members adds the documents of a term to s, and maybe some that were removed: whoever asks lays the set over live ones.
func (r *run) members(p *part, ref int, s set) error {
	if u := r.kept(p, ref); u != nil {
		if u.docs != nil {
			s.union(u.docs)
			return nil
		}
		for _, doc := range u.numbers {
			s.add(doc)
		}
		return nil
	}
	return p.collect(ref, s)
}
