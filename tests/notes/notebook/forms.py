"""Forms as Django makes them: the checks of uniqueness find their shard by themselves."""

from django import forms

from .models import Account, Bookmark, Note


class AccountForm(forms.ModelForm):
    class Meta:
        model = Account
        fields = ["username"]


class NoteForm(forms.ModelForm):
    """The account is a hidden field, so that its constraint with the title is checked."""

    class Meta:
        model = Note
        fields = ["account", "title", "body", "pinned"]
        widgets = {"account": forms.HiddenInput}


class BookmarkForm(forms.ModelForm):
    """With Django's own select boxes: of all accounts and all notes."""

    class Meta:
        model = Bookmark
        fields = ["account", "note"]
