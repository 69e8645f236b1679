package draft

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxXML   = 64 << 20 // bytes of one part of a DOCX, unpacked
	maxDepth = 200      // elements inside each other
)

// fromDOCX gives the text of a Word document: a line a paragraph, a line a table's row with its cells apart
// by tabs. Headers and footers are parts of their own and not read; deleted text is left out.
func fromDOCX(data []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", fmt.Errorf("a damaged DOCX or ZIP (%v); save it anew", err)
	}
	part := func(name string) ([]byte, error) {
		for _, f := range z.File {
			if f.Name != name {
				continue
			}
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			defer r.Close()
			b, err := io.ReadAll(io.LimitReader(r, maxXML+1))
			if len(b) > maxXML {
				return nil, fmt.Errorf("%s holds more than %d MB", name, maxXML>>20)
			}
			return b, err
		}
		return nil, nil
	}
	doc, err := part("word/document.xml")
	if err != nil {
		return "", fmt.Errorf("a damaged DOCX (%v); save it anew", err)
	}
	if doc == nil {
		return "", errors.New("a ZIP file and no Word document; open it and save it as DOCX")
	}
	numbering, err := part("word/numbering.xml")
	if err != nil {
		return "", fmt.Errorf("a damaged DOCX (%v); save it anew", err)
	}
	lists, err := listsOf(numbering)
	if err != nil {
		return "", fmt.Errorf("a damaged DOCX (numbering: %v); save it anew", err)
	}
	w := word{lists: lists, counts: map[string]int{}}
	if err := w.read(doc); err != nil {
		return "", fmt.Errorf("a damaged DOCX (%v); save it anew", err)
	}
	if strings.TrimSpace(w.out.String()) == "" {
		return "", errors.New("a Word document without text; is it pictures of pages?")
	}
	return w.out.String(), nil
}

// listsOf gives the format of each list's first level by the list's number: "bullet", "decimal", …
func listsOf(data []byte) (map[string]string, error) {
	formats, lists := map[string]string{}, map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(data))
	var abstract, level, num string
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return lists, nil
		}
		if err != nil {
			return nil, err
		}
		e, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "abstractNum":
			abstract = attr(e, "abstractNumId")
		case "lvl":
			level = attr(e, "ilvl")
		case "numFmt":
			if level == "0" {
				formats[abstract] = attr(e, "val")
			}
		case "num":
			num = attr(e, "numId")
		case "abstractNumId":
			lists[num] = formats[attr(e, "val")]
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// word reads the body of a Word document.
type word struct {
	out    strings.Builder
	lists  map[string]string
	counts map[string]int // by list: how far it has counted

	para        strings.Builder
	list, level string // of the paragraph
	heading     bool   // the paragraph's style is a heading's
	bold, plain int    // bytes of its text
	runBold     bool
	cells       []string // of the row
	inCell      int      // tables inside each other
	span        int
}

func (w *word) read(data []byte) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	var skip, depth int // skip: inside something that is not read
	var inText, inRun bool
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("more than %d elements inside each other", maxDepth)
			}
			if skip > 0 {
				skip++
				continue
			}
			switch e.Name.Local {
			case "del", "moveFrom", "Fallback", "instrText":
				skip = 1
			case "p":
				if w.inCell == 0 || w.para.Len() == 0 {
					w.list, w.level, w.heading, w.bold, w.plain = "", "", false, 0, 0
				}
			case "pStyle":
				style := strings.ToLower(attr(e, "val"))
				w.heading = strings.HasPrefix(style, "heading") || strings.HasPrefix(style, "rubrik")
			case "numId":
				w.list = attr(e, "val")
			case "ilvl":
				w.level = attr(e, "val")
			case "r":
				inRun, w.runBold = true, false
			case "b":
				if v := attr(e, "val"); inRun && v != "0" && v != "false" {
					w.runBold = true
				}
			case "t":
				inText = true
			case "tab", "br", "cr":
				if inRun {
					w.para.WriteByte(' ')
				}
			case "noBreakHyphen":
				w.para.WriteByte('-')
			case "tbl":
				w.inCell++
			case "tr":
				if w.inCell == 1 {
					w.cells = nil
				}
			case "tc":
				if w.inCell == 1 {
					w.cells, w.span = append(w.cells, ""), 1
				}
			case "gridSpan":
				if n, err := strconv.Atoi(attr(e, "val")); err == nil && n > 1 && n < 64 {
					w.span = n
				}
			}
		case xml.EndElement:
			depth--
			if skip > 0 {
				skip--
				continue
			}
			switch e.Name.Local {
			case "t":
				inText = false
			case "r":
				inRun = false
			case "p":
				w.endParagraph()
			case "tc":
				if w.inCell == 1 {
					for ; w.span > 1; w.span-- {
						w.cells = append(w.cells, "")
					}
				}
			case "tr":
				if w.inCell == 1 {
					w.out.WriteString(strings.Join(w.cells, "\t") + "\n")
				}
			case "tbl":
				if w.inCell--; w.inCell == 0 {
					w.out.WriteString("\n")
				}
			}
		case xml.CharData:
			if skip > 0 || !inText {
				continue
			}
			w.para.Write(e)
			if w.runBold {
				w.bold += len(e)
			} else {
				w.plain += len(bytes.TrimSpace(e))
			}
			if w.out.Len()+w.para.Len() > maxText {
				return fmt.Errorf("more than %d MB of text", maxText>>20)
			}
		}
	}
}

// endParagraph writes the paragraph as plain text would have it: numbers before numbered ones, bullets
// before bullets.
func (w *word) endParagraph() {
	s := strings.Join(strings.Fields(w.para.String()), " ")
	w.para.Reset()
	if s == "" {
		return
	}
	switch format := w.lists[w.list]; {
	case w.list == "" || w.list == "0" || w.level != "" && w.level != "0":
	case format == "bullet":
		if w.inCell == 0 && w.plain == 0 && w.bold > 0 {
			s = "**" + s + "**"
		}
		s = "- " + s
	case format == "decimal":
		w.counts[w.list]++
		s = strconv.Itoa(w.counts[w.list]) + ". " + s
	}
	if w.inCell == 0 {
		w.out.WriteString(s + "\n\n")
		return
	}
	if n := len(w.cells) - 1; n >= 0 {
		w.cells[n] = strings.TrimSpace(w.cells[n] + " " + s)
	}
}
