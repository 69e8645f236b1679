package digest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// JSON gives everything that a digest knows, folded items too, in the shape that [Digest] documents.
func JSON(d Digest) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("digest %s %s: json: %v", d.Department, d.Date, err)
	}
	return b.Bytes(), nil
}

// Read reads what [JSON] wrote, or what a mail keeps of what it was made of. A form of before is an error: what it says
// cannot be laid out as it was.
func Read(data []byte) (Digest, error) {
	var d Digest
	if err := json.Unmarshal(data, &d); err != nil {
		return d, fmt.Errorf("digest: %v", err)
	}
	if d.Format != Format {
		return d, fmt.Errorf("digest: format %q, want %q", d.Format, Format)
	}
	return d, nil
}

// Whole gives the digest with nothing folded, for where there is room for all of it.
func (d *Digest) Whole() Digest {
	out := *d
	out.Sections = slices.Clone(d.Sections)
	for i := range out.Sections {
		s := &out.Sections[i]
		s.Groups = slices.Clone(s.Groups)
		for k := range s.Groups {
			g := &s.Groups[k]
			g.Shown, g.Fold = len(g.Items), ""
		}
	}
	out.Proof.Folded = 0
	if w, err := newWords(d.Language); err == nil && d.Proof.Folded > 0 {
		folded := w.n("proof.folded", d.Proof.Folded, args{})
		out.Proof.Words = slices.DeleteFunc(slices.Clone(d.Proof.Words), func(s string) bool { return strings.HasPrefix(s, folded) })
	}
	return out
}

// Public gives the digest without what only its reader may do: the links by which that reader acts, or ends the mails.
func (d *Digest) Public() Digest {
	out := d.Whole() // groups of its own
	out.Foot, out.Proof = Foot{}, d.Proof
	for i := range out.Sections {
		for k := range out.Sections[i].Groups {
			g := &out.Sections[i].Groups[k]
			was := d.Sections[i].Groups[k]
			g.Shown, g.Fold, g.Items = was.Shown, was.Fold, slices.Clone(g.Items)
			for n := range g.Items {
				l := g.Items[n].Links
				g.Items[n].Links = Links{Read: l.Read, Calendar: l.Calendar}
			}
		}
	}
	return out
}

// Page lays the digest out, as mails do.
func (d *Digest) Page() Page { return lay(d) }
