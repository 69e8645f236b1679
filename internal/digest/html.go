package digest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
)

//go:embed digest.html.tmpl
var htmlSource string

// htmlTemplate lays out a [page] and nothing else. Styles stand on the elements, because Gmail's app and Outlook
// drop or garble style sheets; the sheet only adds what is nice to have: dark colours and narrow screens.
var htmlTemplate = template.Must(template.New("digest").Parse(htmlSource))

// HTML lays a digest out as the HTML part of a mail. Everything is escaped by its context.
func HTML(d Digest) ([]byte, error) {
	var b bytes.Buffer
	if err := htmlTemplate.Execute(&b, lay(&d)); err != nil {
		return nil, fmt.Errorf("digest %s %s: html: %v", d.Department, d.Date, err)
	}
	return b.Bytes(), nil
}

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

func itoa(n int) string { return strconv.Itoa(n) }
