"""A form in which the user has to confirm a value that is probably a mistake."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

CONFIRMED = "confirmed"


class ConfirmationForm(forms.Form):
    """A form whose check box appears only if a value needs confirmation; the user then checks it and submits again."""

    confirmed = forms.BooleanField(required=False, label=_("Save anyway"), widget=forms.HiddenInput)

    def require_confirmation(self, field: str, doubt: Any) -> None:
        """Refuse the form, with the doubt as the error of a field, unless the user has checked the box."""
        if not self.cleaned_data.get(CONFIRMED):
            self.fields[CONFIRMED].widget = forms.CheckboxInput()
            text = _("%(doubt)s To save it anyway, check the box and submit the form again.")
            self.add_error(field, text % {"doubt": doubt})
