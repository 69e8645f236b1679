package draft

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

const (
	maxFile   = 20 << 20         // bytes of a document; action plans have less than one million
	maxText   = 4 << 20          // bytes of the text in it
	pdfWait   = 60 * time.Second // that pdftotext may take
	fewLetter = 200              // letters below which a PDF is taken for pictures of pages
)

// Source is the text of a document.
type Source struct {
	Name   string
	Text   string // cells of a row apart by tabs, pages apart by form feeds
	Layout bool   // cells of a row apart by spaces instead: columns stand where they stood on the page
}

// ReadFile reads a document: plain text, DOCX or PDF. Errors say what is wrong with it and what to do.
func ReadFile(ctx context.Context, path string) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return Source{}, fmt.Errorf("action plan %q: %v", path, errors.Unwrap(err))
	}
	defer f.Close()
	return Read(ctx, path, f)
}

// Read reads a document of that name, which messages call it by.
func Read(ctx context.Context, name string, r io.Reader) (Source, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Source{}, fmt.Errorf("action plan %q: %v", name, err)
	}
	s := Source{Name: name}
	s.Text, s.Layout, err = textOf(ctx, data)
	if err != nil {
		return Source{}, fmt.Errorf("action plan %q: %w", name, err)
	}
	return s, nil
}

func textOf(ctx context.Context, data []byte) (s string, layout bool, err error) {
	if len(data) > maxFile {
		return "", false, fmt.Errorf("more than %d MB; save it without pictures, or copy its text into a .txt file", maxFile>>20)
	}
	head := bytes.ToLower(bytes.TrimLeft(data[:min(len(data), 1024)], "\xef\xbb\xbf \t\r\n"))
	starts := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case len(head) == 0:
		return "", false, errors.New("the file is empty; name the action plan's text, DOCX or PDF")
	case starts("%pdf-"):
		s, err = fromPDF(ctx, data)
		return s, true, err
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		s, err = fromDOCX(data)
		return s, false, err
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return "", false, errors.New("an old Office file; open it and save it as DOCX")
	case starts("{\\rtf"):
		return "", false, errors.New("an RTF file; open it and save it as DOCX")
	case starts("<!doctype html"), starts("<html"), starts("<?xml"), bytes.Contains(head, []byte("<body")):
		return "", false, errors.New("a web page or XML and no document; save the action plan itself, or copy its text into a .txt file")
	}
	s, err = fromText(data)
	return s, false, err
}

// fromText reads plain text in the encodings in which Swedish files come.
func fromText(data []byte) (string, error) {
	var err error
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		data, err = utf.UTF16(utf.LittleEndian, utf.UseBOM).NewDecoder().Bytes(data)
	case bytes.IndexByte(data, 0) >= 0:
		err = errors.New("a zero byte")
	case !utf8.Valid(data):
		data, err = charmap.Windows1252.NewDecoder().Bytes(data)
	}
	s := strings.TrimPrefix(string(data), "\ufeff")
	if err != nil || garbage(s) {
		return "", errors.New("neither text, DOCX nor PDF; save the action plan as one of these")
	}
	if len(s) > maxText {
		return "", fmt.Errorf("more than %d MB of text, which no action plan has; cut out the plan itself", maxText>>20)
	}
	return s, nil
}

// garbage tells whether more than one character in fifty is none that people write.
func garbage(s string) bool {
	bad, all := 0, 0
	for _, r := range s {
		all++
		if r == unicode.ReplacementChar || unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\f\v", r) {
			bad++
		}
	}
	return bad*50 > all
}

// fromPDF asks pdftotext: a PDF holds pictures of letters, and to find rows and columns again is a
// program of its own.
func fromPDF(ctx context.Context, data []byte) (string, error) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		return "", errors.New("to read a PDF, install poppler (pdftotext): Debian and Ubuntu `apt install poppler-utils`, macOS `brew install poppler`, Windows `winget install poppler`; or save the plan as DOCX or text")
	}
	dir, err := os.MkdirTemp("", "utkik-draft-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := dir + string(os.PathSeparator) + "plan.pdf"
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return "", err
	}
	ctx, stop := context.WithTimeout(ctx, pdfWait)
	defer stop()
	var said, out limited
	said.left, out.left = 4<<10, maxText
	cmd := exec.CommandContext(ctx, tool, "-layout", "-enc", "UTF-8", file, "-")
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("pdftotext took more than %v; save the plan as DOCX or text", pdfWait)
	case out.full:
		return "", fmt.Errorf("more than %d MB of text, which no action plan has; cut out the plan itself", maxText>>20)
	case err != nil:
		return "", fmt.Errorf("a PDF that cannot be read (%s); save it anew, or as DOCX or text", strings.ReplaceAll(strings.TrimSpace(said.b.String()), "\n", "; "))
	}
	letters := 0
	for _, r := range out.b.String() {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if letters < fewLetter {
		return "", errors.New("a PDF of pictures, without text; run text recognition on it (such as `ocrmypdf`), or use the original document")
	}
	return strings.ToValidUTF8(out.b.String(), ""), nil
}

// limited keeps what is written up to a number of bytes.
type limited struct {
	b    strings.Builder
	left int
	full bool
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	l.full = l.full || n < len(p)
	l.b.Write(p[:n])
	return len(p), nil
}
